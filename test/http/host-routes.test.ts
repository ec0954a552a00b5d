import {
  Body,
  Controller,
  Get,
  HttpCode,
  Module,
  NotFoundException,
  Post,
  Req,
  type INestApplication,
  type NestApplicationOptions,
} from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { ModelEndpoint, ModelServingModule } from 'nestjs-model-serving';
import { gzipSync } from 'node:zlib';
import { describe, expect, it, onTestFinished } from 'vitest';
import { ADAPTERS, type Adapter } from '../serving-app.js';

@Controller('host')
class Host {
  @Post('echo')
  @HttpCode(200)
  echo(@Body() body: unknown, @Req() { rawBody }: { rawBody?: Buffer }) {
    return { body, kind: typeof body, raw: rawBody?.toString() };
  }

  @Get('text')
  text() {
    return 'text';
  }

  @Get('object')
  object() {
    return { a: 1 };
  }

  @Get('missing')
  missing() {
    throw new NotFoundException('No such thing');
  }

  @Get('broken')
  broken() {
    throw new Error('secret');
  }
}

@ModelEndpoint('/model')
class Model {
  predict(input: object) {
    return input;
  }
}

interface FastifyRequest {
  readonly mediaType: string;
  readonly headers: Record<string, string>;
  readonly body: unknown;
}

interface Setting {
  options?: NestApplicationOptions;
  setUp?(app: INestApplication): void;
}

/** The host's app, with the module and a model endpoint beside its routes, or without. */
async function start(adapter: Adapter, served: boolean, { options, setUp }: Setting = {}) {
  @Module(
    served
      ? { imports: [ModelServingModule.forRoot()], controllers: [Host, Model] }
      : { controllers: [Host] },
  )
  class App {}
  const all = { logger: false, abortOnError: false, ...options } as const;
  const app = await (adapter === 'fastify'
    ? NestFactory.create(App, new FastifyAdapter(), all)
    : NestFactory.create(App, all));
  onTestFinished(() => app.close());
  setUp?.(app);
  await app.listen(0, '127.0.0.1');
  return app.getUrl();
}

const post = (
  body: string | Uint8Array,
  type?: string,
  more: Record<string, string> = {},
): RequestInit => ({
  method: 'POST',
  body: (type === undefined ? new Blob([body as never]) : body) as RequestInit['body'],
  headers: { ...(type === undefined ? {} : { 'content-type': type }), ...more },
});

const JSON_TYPE = 'application/json';
const REQUESTS: [what: string, path: string, init?: RequestInit][] = [
  ['a text answer', '/host/text'],
  ['an object answer', '/host/object'],
  ['HEAD', '/host/object', { method: 'HEAD' }],
  ['an error of Nest', '/host/missing'],
  ['an error of any other kind', '/host/broken'],
  ['a path that is not there', '/nowhere'],
  ['a method that is not there', '/host/echo', { method: 'PUT', body: '{}' }],
  ['a JSON object', '/host/echo', post('{"a":1}', JSON_TYPE)],
  ['a JSON array', '/host/echo', post('[1]', JSON_TYPE)],
  ['a JSON number', '/host/echo', post('1', JSON_TYPE)],
  ['JSON of another name', '/host/echo', post('{"a":1}', 'application/hal+json')],
  ['JSON with a byte order mark', '/host/echo', post('\ufeff{"a":1}', JSON_TYPE)],
  ['broken JSON', '/host/echo', post('{"a":', JSON_TYPE)],
  ['an empty JSON body', '/host/echo', post('', JSON_TYPE)],
  ['__proto__', '/host/echo', post('{"__proto__":{"a":1}}', JSON_TYPE)],
  ['a text', '/host/echo', post('{"a":1}', 'text/plain')],
  ['a form', '/host/echo', post('a=1&b[c]=2', 'application/x-www-form-urlencoded')],
  ['an unknown type', '/host/echo', post('<a/>', 'application/xml')],
  ['a broken type', '/host/echo', post('{}', ';')],
  ['bytes', '/host/echo', post('{}', 'application/octet-stream')],
  ['a type of the library', '/host/echo', post('{}', 'application/vnd.nestjs-model-serving')],
  ['a method on another path', '/host/text', { method: 'DELETE' }],
  ['no type', '/host/echo', post('{"a":1}')],
  ['gzip', '/host/echo', post(gzipSync('{"a":1}'), JSON_TYPE, { 'content-encoding': 'gzip' })],
  ['an unknown encoding', '/host/echo', post('{}', JSON_TYPE, { 'content-encoding': 'x' })],
  ['a body over the limit', '/host/echo', post(`{"a":"${'x'.repeat(2 << 20)}"}`, JSON_TYPE)],
];

/** What a client can see of an answer, but for what differs from one answer to the next. */
async function answerOf(url: string, path: string, init: RequestInit = {}) {
  const headers = { connection: 'close', ...init.headers };
  const response = await fetch(url + path, { ...init, headers });
  const seen = Object.fromEntries(response.headers);
  delete seen['date'];
  return { status: response.status, headers: seen, text: await response.text() };
}

const SETTINGS: [string, Setting][] = [
  ['as Nest makes it', {}],
  ['with raw bodies', { options: { rawBody: true } }],
  ['without body parsers', { options: { bodyParser: false } }],
  ['with CORS', { options: { cors: true } }],
  ['with a prefix', { setUp: (app) => void app.setGlobalPrefix('host', { exclude: ['model'] }) }],
];

describe.each(ADAPTERS)("the host's own routes on %s", (adapter) => {
  it.each(SETTINGS)('answer as they do without the module: an app %s', async (_, setting) => {
    const alone = await start(adapter, false, setting);
    const beside = await start(adapter, true, setting);
    for (const [what, path, init] of REQUESTS) {
      expect(await answerOf(beside, path, init), what).toEqual(await answerOf(alone, path, init));
    }
  });

  it.each(SETTINGS)('leave the endpoint as it is: an app %s', async (_, setting) => {
    const url = await start(adapter, true, setting);
    for (const type of ['application/json', 'text/plain', 'application/xml']) {
      expect(await answerOf(url, '/model', post('{"a":1}', type)), type).toMatchObject({
        status: 200,
        text: '{"a":1}',
      });
      expect((await answerOf(url, '/model', post('{"a":', type))).text).toContain(
        '"code":"INVALID_ARGUMENT"',
      );
    }
  });

  it('keep the limit the host gives them', async () => {
    const setUp = (app: INestApplication) => {
      const { useBodyParser } = app as never as { useBodyParser(...args: unknown[]): void };
      const [type, limits] =
        adapter === 'express' ? ['json', { limit: 50 }] : ['application/json', { bodyLimit: 50 }];
      useBodyParser.call(app, type, limits);
    };
    const url = await start(adapter, true, { setUp });
    const long = post(`{"a":"${'x'.repeat(50)}"}`, JSON_TYPE);
    expect((await answerOf(url, '/host/echo', long)).status).toBe(413);
    expect((await answerOf(url, '/model', long)).status).toBe(200);
  });
});

describe('hooks of the host on fastify', () => {
  it('see the request to an endpoint as it came, before its body is read and after', async () => {
    const seen: unknown[] = [];
    function see(request: FastifyRequest, _: unknown, done: () => void): void {
      seen.push([request.mediaType, request.headers['content-type'], request.headers['x-own']]);
      done();
    }
    const setUp = (app: INestApplication) => {
      const fastify = app.getHttpAdapter().getInstance();
      for (const name of ['onRequest', 'preValidation', 'preHandler']) fastify.addHook(name, see);
      fastify.addHook('preHandler', (request: FastifyRequest, _: unknown, done: () => void) => {
        seen.push(request.body);
        done();
      });
    };
    const url = await start('fastify', true, { setUp });
    const answer = await answerOf(url, '/model', post('{"a":1}', 'text/plain', { 'x-own': 'b' }));
    expect(answer).toMatchObject({ status: 200, text: '{"a":1}' });
    const request = ['text/plain', 'text/plain', 'b'];
    expect(seen).toEqual([request, request, request, { a: 1 }]);
  });
});
