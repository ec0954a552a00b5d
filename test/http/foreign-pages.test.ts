import type { ServerResponse } from 'node:http';
import {
  Module,
  type INestApplication,
  type MiddlewareConsumer,
  type NestModule,
  type Type,
} from '@nestjs/common';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { describe, expect, it } from 'vitest';
import { WAYS, startApp, type Way } from '../serving-app.js';
import { EchoModel } from './model.js';
import { rawRequest } from './raw-request.js';

const FORMS = [
  'text/plain',
  'Text/Plain;charset=UTF-8',
  'application/x-www-form-urlencoded',
  'multipart/form-data; boundary=x',
  undefined,
];
const FOREIGN = [
  ['Sec-Fetch-Site: cross-site'],
  ['Sec-Fetch-Site: same-site', 'Origin: http://other.localhost'],
  ['Origin: https://evil.example'],
  ['Origin: http://localhost:81'],
  ['Origin: null'],
  ['Origin: http://localhost', 'Sec-Fetch-Site: cross-site'],
];
const OWN = [
  [],
  ['Sec-Fetch-Site: same-origin', 'Origin: http://proxied.example'],
  ['Sec-Fetch-Site: none'],
  ['Origin: http://localhost'],
  ['Origin: http://localhost:80'],
];

async function start(adapter: Way, setUp?: (app: INestApplication) => void, imports: Type[] = []) {
  const { url } = await startApp(adapter, { controllers: [EchoModel], setUp, imports });
  return async (contentType: string | undefined, lines: readonly string[]) => {
    const type = contentType === undefined ? [] : [`Content-Type: ${contentType}`];
    const first = ['POST /free HTTP/1.1', 'Content-Length: 9'];
    return rawRequest(url, [...first, ...type, ...lines], '{"a":"b"}');
  };
}

describe.each(WAYS)('a page of another origin on %s', (adapter) => {
  it('runs no model with what browsers send unasked', async () => {
    const post = await start(adapter);
    for (const type of FORMS) {
      for (const lines of FOREIGN) {
        const answer = await post(type, lines);
        expect(answer, `${type} ${lines}`).toMatchObject({
          status: 415,
          body: { code: 'UNIMPLEMENTED', error: expect.stringContaining('Content-Type') },
        });
      }
      for (const lines of OWN)
        expect((await post(type, lines)).status, `${type} ${lines}`).toBe(200);
    }
  });

  it('may send what it has to ask for: CORS has the last word on that', async () => {
    const post = await start(adapter);
    for (const type of ['application/json', 'application/json; charset=utf-8', 'text/json'])
      for (const lines of FOREIGN) expect((await post(type, lines)).status).toBe(200);
  });

  it("is no stranger where the app's CORS allows it", async () => {
    const only = await start(adapter, (app) => app.enableCors({ origin: ['https://a.example'] }));
    const site = 'Sec-Fetch-Site: cross-site';
    expect((await only('text/plain', ['Origin: https://a.example', site])).status).toBe(200);
    expect((await only('text/plain', ['Origin: https://b.example', site])).status).toBe(415);
    expect((await only('text/plain', ['Origin: null'])).status).toBe(415);
    const fixed = await start(adapter, (app) => app.enableCors({ origin: 'https://a.example' }));
    expect((await fixed('text/plain', ['Origin: https://b.example', site])).status).toBe(415);
    const all = await start(adapter, (app) => app.enableCors());
    expect((await all('text/plain', ['Origin: https://b.example', site])).status).toBe(200);
  });

  it.each(['*path', 'free'])(
    'is no stranger where a middleware of a module for %s allows it',
    async (route) => {
      @Module({})
      class CorsModule implements NestModule {
        configure(consumer: MiddlewareConsumer) {
          function allow(_: unknown, response: ServerResponse, next: () => void) {
            response.setHeader('access-control-allow-origin', 'https://a.example');
            next();
          }
          consumer.apply(allow).forRoutes(route);
        }
      }
      const post = await start(adapter, undefined, [CorsModule]);
      expect((await post('text/plain', ['Origin: https://a.example'])).status).toBe(200);
      expect(await post('text/plain', ['Origin: https://b.example'])).toMatchObject({
        status: 415,
        body: { code: 'UNIMPLEMENTED' },
      });
    },
  );

  it("is told by a proxy's word only where the app trusts it", async () => {
    const lines = ['Origin: https://shop.example', 'X-Forwarded-Host: shop.example'];
    expect((await (await start(adapter))('text/plain', lines)).status).toBe(415);
    if (adapter.startsWith('express')) {
      const post = await start(adapter, (app) =>
        app.getHttpAdapter().getInstance().set('trust proxy', true),
      );
      expect((await post('text/plain', lines)).status).toBe(200);
    } else {
      const { url } = await startApp(new FastifyAdapter({ trustProxy: true }), {
        controllers: [EchoModel],
      });
      const head = ['POST /free HTTP/1.1', 'Content-Length: 2', 'Content-Type: text/plain'];
      expect((await rawRequest(url, [...head, ...lines], '{}')).status).toBe(200);
    }
  });
});
