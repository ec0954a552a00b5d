import type { IncomingMessage, ServerResponse } from 'node:http';
import { text } from 'node:stream/consumers';
import {
  All,
  Controller,
  Get,
  Module,
  type MiddlewareConsumer,
  type NestModule,
} from '@nestjs/common';
import { ModelEndpoint, protobufSchema } from 'nestjs-model-serving';
import { OpenInferenceModule } from 'nestjs-model-serving/open-inference';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { CapturedLog } from '../http/captured-log.js';
import { ADAPTERS, startApp } from '../serving-app.js';
import { stopClock } from '../stopped-clock.js';

const schema = protobufSchema({
  file: 'a.proto',
  files: {
    'a.proto':
      'syntax = "proto3"; message Request { int32 x = 1; } message Response { int32 y = 1; }',
  },
});

let open: (() => void)[] = [];
beforeEach(() => void (open = []));

@ModelEndpoint('/one', schema, {
  name: 'one',
  version: '2',
  stallTimeout: 0,
  maxConcurrency: 1,
  maxQueue: 1,
  bodyLimit: 1000,
})
class One {
  async predict({ x = 0 }: { x?: number }) {
    if (x === 7) await new Promise<void>((done) => open.push(done));
    return { y: x };
  }
}

@ModelEndpoint('/ten', schema, { name: 'one', version: '10' })
class Ten {
  predict({ x = 0 }: { x?: number }) {
    return { y: 10 * x };
  }
}

@ModelEndpoint('/stream', schema, { name: 'stream', stream: true })
class Stream {
  *predict() {
    yield { y: 1 };
  }
}

@Controller('v2')
class OwnController {
  @Get('mine')
  mine() {
    return { mine: true };
  }
}

const parts = {
  controllers: [One, Ten, Stream, OwnController],
  imports: [OpenInferenceModule.forRoot()],
};
@Controller()
class Everything {
  @All('*')
  answer() {
    return { mine: true };
  }
}

@ModelEndpoint('/v2/models/own/infer', undefined)
class Own {
  predict(input: object) {
    return { own: input };
  }
}

type Next = (error?: unknown) => void;
type Middleware = (
  request: IncomingMessage & { body?: unknown },
  response: ServerResponse,
  next: Next,
) => void;

/** A module that puts a middleware before some routes. */
function binding(middleware: Middleware, ...routes: string[]) {
  @Module({})
  class Binding implements NestModule {
    configure(consumer: MiddlewareConsumer) {
      consumer.apply(middleware).forRoutes(...routes);
    }
  }
  return Binding;
}

/** Lets pass who says who it is. */
const asksWho: Middleware = (request, response, next) => {
  if (request.headers.authorization !== undefined) return next();
  response.writeHead(401, { 'content-type': 'application/json' });
  response.end('{"who":"you"}');
};

const of = (...data: number[]) => ({
  inputs: [{ name: 'x', datatype: 'INT32', shape: [data.length], data }],
});

describe.each(ADAPTERS)('The life of an app on %s', (adapter) => {
  it('shows: models by version, the newest unless another is asked for', async () => {
    const { get, post } = await startApp(adapter, parts);
    expect((await get('/v2/models')).body).toEqual({ models: ['one'] });
    expect((await get('/v2/models/one')).body.versions).toEqual(['2', '10']);
    const newest = await post('/v2/models/one/infer', of(1));
    expect([newest.body.model_version, newest.body.outputs[0].data]).toEqual(['10', [10]]);
    const other = await post('/v2/models/one/versions/2/infer', of(1));
    expect([other.body.model_version, other.body.outputs[0].data]).toEqual(['2', [1]]);
    expect((await get('/v2/models/one/stats')).body.model_stats).toHaveLength(2);
    expect((await get('/v2/models/one/versions/2/stats')).body.model_stats).toHaveLength(1);
    expect((await get('/v2/models/one/config')).body).toMatchObject({
      name: 'one',
      input: [{ name: 'x', data_type: 'TYPE_INT32', dims: [-1] }],
    });
  });

  it.each([
    [['v10', 'v9'], 'v10'],
    [['1.10.0', '1.9.0'], '1.10.0'],
    [['10', 'main', '9'], '10'],
    [['blue', 'green'], 'green'],
    [['3', undefined], '3'],
  ])('shows as the newest of %j %s', async (versions, newest) => {
    const controllers = versions.map((version, index) => {
      class Versioned extends Ten {}
      ModelEndpoint(`/of-${index}`, schema, { name: 'one', ...(version && { version }) })(
        Versioned,
      );
      return Versioned;
    });
    const { post } = await startApp(adapter, { ...parts, controllers });
    expect((await post('/v2/models/one/infer', of(1))).body.model_version).toBe(newest);
  });

  it('does not begin with two of the module', async () => {
    const imports = [OpenInferenceModule.forRoot(), OpenInferenceModule.forRoot({ prefix: '/v3' })];
    await expect(startApp(adapter, { ...parts, imports })).rejects.toThrow(
      'OpenInferenceModule: expected one forRoot() or forRootAsync() of it in the whole app, got several',
    );
  });

  it('leaves other routes under the prefix to the app', async () => {
    const { get, post } = await startApp(adapter, parts);
    expect((await get('/v2/mine')).body).toEqual({ mine: true });
    expect((await get('/v2/models/one/mine')).status).toBe(404);
    expect((await post('/v2/models', {})).status).toBe(405);
  });

  it('tells who comes by another method how to ask', async () => {
    const { url, get } = await startApp(adapter, parts);
    for (const method of ['PUT', 'PATCH', 'DELETE', 'OPTIONS']) {
      const refused = await fetch(`${url}/v2/models/one/infer`, { method });
      expect([refused.status, refused.headers.get('allow')]).toEqual([405, 'POST']);
      expect(await refused.json()).toEqual({ error: `Expected POST, got ${method}` });
    }
    expect((await get('/v2/health/live/')).status).toBe(200);
  });

  it('leaves preflights to what the app says of other origins', async () => {
    const origin = 'http://page.test';
    const { url } = await startApp(adapter, {
      ...parts,
      setUp: (app) => app.enableCors({ origin }),
    });
    const headers = { origin, 'access-control-request-method': 'POST' };
    const preflight = await fetch(`${url}/v2/models/one/infer`, { method: 'OPTIONS', headers });
    expect(preflight.status).toBe(204);
    expect(preflight.headers.get('access-control-allow-origin')).toBe(origin);
  });

  it.each<[string, string[], object]>([
    ['for every path', ['{*path}'], {}],
    ['for its own paths', ['v2', 'v2/{*path}'], {}],
    [
      'beside a route of the app for every path',
      ['*path'],
      { controllers: [One, Ten, Everything] },
    ],
  ])('stands behind middleware that a module binds %s', async (_, routes, more) => {
    // Whichever comes first among the imports.
    const imports = [...parts.imports, binding(asksWho, ...routes)];
    for (const order of [imports, imports.toReversed()]) {
      const { get, post } = await startApp(adapter, { ...parts, ...more, imports: order });
      for (const path of ['/v2', '/v2/models', '/v2/models/one', '/v2/health/live']) {
        expect((await get(path)).status, path).toBe(401);
      }
      for (const path of ['/v2/models/one/infer', '/v2/repository/index', '/v2/models/no/infer']) {
        expect(await post(path, of(1)), path).toMatchObject({ status: 401, body: { who: 'you' } });
      }
      const known = { authorization: 'me', 'content-type': 'application/json' };
      const told = await post('/v2/models/one/infer', of(1), known);
      expect([told.status, told.body.outputs?.[0].data]).toEqual([200, [10]]);
      expect((await post('/v2/repository/index', {}, known)).body).toHaveLength(2);
    }
  });

  it('reads what no middleware has read, parsers of the app included', async () => {
    const log = new CapturedLog();
    const bodies: unknown[] = [];
    const asked: Middleware = (request, _, next) => {
      bodies.push(request.body);
      next();
    };
    const seen = await startApp(adapter, {
      ...parts,
      imports: [...parts.imports, binding(asked, '{*path}')],
    });
    const json = { 'content-type': 'application/json' };
    expect((await seen.post('/v2/models/one/infer', of(1), json)).status).toBe(200);
    expect(bodies).toEqual([undefined]);

    const reads: Middleware = (request, _, next) => void text(request).then(() => next());
    const read = await startApp(adapter, {
      ...parts,
      imports: [...parts.imports, binding(reads, '{*path}')],
      setUp: (nest) => log.attach(nest),
    });
    const told = await read.post('/v2/models/one/infer', of(1), json);
    expect([told.status, Object.keys(told.body)]).toEqual([500, ['error']]);
    expect(log.errors[0]).toContain('A middleware of the app has read the body already');
  });

  it('leaves a path of its own kind to the endpoint that has it', async () => {
    const { post, get } = await startApp(adapter, { ...parts, controllers: [One, Ten, Own] });
    expect((await post('/v2/models/own/infer', { a: 1 })).body).toEqual({ own: { a: 1 } });
    expect((await get('/v2/models/Own')).body.name).toBe('Own');
    expect((await post('/v2/models/one/infer', of(1))).status).toBe(200);
  });

  it('holds bodies to the limit of their endpoint, and refuses what cannot be read', async () => {
    const { post } = await startApp(adapter, parts);
    const path = '/v2/models/one/versions/2/infer';
    const large = { ...of(1), id: 'x'.repeat(1000) };
    const tooLarge = await post(path, large);
    expect([tooLarge.status, tooLarge.body]).toEqual([
      413,
      { error: 'Expected a body of at most 1000 bytes' },
    ]);
    for (const body of ['', 'null', '[]', '{', '{}', '{"inputs":[]}', '{"inputs":[null]}']) {
      const { status, body: told } = await post(path, body);
      expect([status, Object.keys(told)], body).toEqual([400, ['error']]);
    }
    const head = { 'inference-header-content-length': '12x' };
    expect((await post(path, of(1), head)).status).toBe(400);
    const encoded = { 'content-encoding': 'zip' };
    expect((await post(path, of(1), encoded)).status).toBe(415);
    const foreign = { origin: 'https://elsewhere.example', 'content-type': 'text/plain' };
    expect((await post(path, of(1), foreign)).status).toBe(415);
    const { headers } = await post(path, of(1), { 'x-request-id': 'mine' });
    expect(headers.get('x-request-id')).toBe('mine');
  });

  it('is not ready while a model is stalled', async () => {
    const { get, post } = await startApp(adapter, parts);
    const clock = stopClock();
    const parameters = { timeout: 20_000_000 };
    const late = post('/v2/models/one/versions/2/infer', { ...of(7), parameters });
    await vi.waitFor(() => expect(open).toHaveLength(1));
    clock.advance(20_000);
    expect((await late).status).toBe(504);
    await vi.waitFor(async () => {
      const { status, body } = await get('/v2/health/ready');
      expect([status, body]).toEqual([503, { error: 'The server is not ready' }]);
    });
    expect((await get('/v2/health/live')).status).toBe(200);
    expect((await get('/v2/models/one/versions/2/ready')).status).toBe(503);
    expect((await get('/v2/models/one/versions/10/ready')).status).toBe(200);
    const { body } = await post('/v2/repository/index', { ready: true });
    expect(body).toEqual([{ name: 'one', version: '10', state: 'READY', reason: '' }]);
    open.splice(0).forEach((resolve) => resolve());
    await vi.waitFor(async () => expect((await get('/v2/health/ready')).status).toBe(200));
  });

  it('ends when what is under way has been answered', async () => {
    const app = await startApp(adapter, parts);
    const answer = app.post('/v2/models/one/versions/2/infer', of(7));
    await vi.waitFor(() => expect(open).toHaveLength(1));
    const closed = app.close();
    open.splice(0).forEach((resolve) => resolve());
    expect((await answer).body.outputs[0].data).toEqual([7]);
    await closed;
  });
});
