import type { INestApplication } from '@nestjs/common';
import { expect, it } from 'vitest';
import { startApp } from '../serving-app.js';
import { BINARY, decode, encode, post } from './binary-client.js';
import { PictureModels } from './picture-model.js';

/** Behind the body parser, and so behind the intake. */
function moveBehindParser(app: INestApplication): void {
  app.getHttpAdapter().registerParserMiddleware!('', false);
  app.use((request: { url: string }, _: unknown, next: () => void) => {
    if (request.url === '/text') request.url = '/picture';
    next();
  });
}

it('a body that a middleware leads to another endpoint is read as that one has it', async () => {
  const { url } = await startApp('express', {
    controllers: [PictureModels],
    setUp: moveBehindParser,
  });
  const binary = { 'content-type': BINARY, accept: BINARY };
  const { bytes } = await post(`${url}/text`, encode({ label: 'a', score: 1 }), binary);
  expect(decode(bytes).request).toEqual({ label: 'a', score: 1 });

  const form = { 'content-type': 'multipart/form-data; boundary=x', accept: BINARY };
  const part = '--x\r\nContent-Disposition: form-data; name="label"\r\n\r\nb\r\n--x--\r\n';
  expect(decode((await post(`${url}/text`, part, form)).bytes).request).toEqual({ label: 'b' });
});
