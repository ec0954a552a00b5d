import { ModelEndpoint } from 'nestjs-model-serving';
import type { INestApplication } from '@nestjs/common';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { text } from 'node:stream/consumers';
import { describe, expect, it } from 'vitest';
import { ADAPTERS, startApp } from '../serving-app.js';
import { CapturedLog } from './captured-log.js';

@ModelEndpoint('/model', undefined, { bodyLimit: 100 })
class Model {
  predict(input: object) {
    return input;
  }
}

function stamp(_: IncomingMessage, response: ServerResponse, next: () => void): void {
  response.setHeader('x-stamp', 'yes');
  next();
}

const BODIES: [body: string, headers: Record<string, string>, status: number][] = [
  ['{}', {}, 200],
  ['[', {}, 400],
  ['x'.repeat(101), {}, 413],
  ['{}', { 'content-encoding': 'zstd' }, 415],
  ['{}', { 'x-request-timeout-ms': 'x' }, 400],
  ['{}', { 'x-request-timeout-ms': '0' }, 504],
];

describe.each(ADAPTERS)('what the app puts before its routes on %s', (adapter) => {
  it.each<[string, (app: INestApplication) => void, string, string]>([
    ['a middleware', (app) => void app.use(stamp), 'x-stamp', 'yes'],
    [
      'CORS',
      (app) => app.enableCors({ origin: 'http://a.b' }),
      'access-control-allow-origin',
      'http://a.b',
    ],
  ])('holds for every answer of an endpoint: %s', async (_, setUp, header, value) => {
    const app = await startApp(adapter, { controllers: [Model], setUp });
    for (const [body, headers, status] of BODIES) {
      const page = { origin: 'http://a.b', 'content-type': 'application/json' };
      const answer = await app.post('/model', body, { ...page, ...headers });
      expect(answer.status).toBe(status);
      expect(answer.headers.get(header), `${status}`).toBe(value);
    }
  });

  it('may not take the body away: that is a 500 with a reason in the log, not a hanging request', async () => {
    const log = new CapturedLog();
    const app = await startApp(adapter, {
      controllers: [Model],
      setUp(nest) {
        log.attach(nest);
        nest.use(async (request: IncomingMessage, _: ServerResponse, next: () => void) => {
          await text(request);
          next();
        });
      },
    });
    expect(await app.post('/model', {})).toMatchObject({ status: 500, body: { code: 'INTERNAL' } });
    expect(log.errors[0]).toContain('A middleware of the app has read the body already');
  });

  it('answers preflights', async () => {
    const app = await startApp(adapter, {
      controllers: [Model],
      setUp: (nest) => nest.enableCors(),
    });
    const response = await fetch(`${app.url}/model`, {
      method: 'OPTIONS',
      headers: {
        connection: 'close',
        origin: 'http://a.b',
        'access-control-request-method': 'POST',
      },
    });
    expect(response.status).toBe(204);
    expect(response.headers.get('access-control-allow-origin')).toBe('*');
  });
});
