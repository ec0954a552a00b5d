import { FastifyAdapter } from '@nestjs/platform-fastify';
import { ModelEndpoint } from 'nestjs-model-serving';
import protobuf from 'protobufjs';
import { beforeEach, describe, expect, it } from 'vitest';
import { ADAPTERS, startApp } from '../serving-app.js';

const { root } = protobuf.parse(`
  syntax = "proto3";
  message Request { string text = 1; }
  message Response { string text = 1; }
`);

let handled = 0;
beforeEach(() => {
  handled = 0;
});

class Handled {
  predict() {
    handled++;
    return { text: 'secret' };
  }
}

@ModelEndpoint('/plain', root)
class Plain extends Handled {}

@ModelEndpoint('/packed', root, { compress: true })
class Packed extends Handled {}

@ModelEndpoint('/items', root, { stream: true })
class Items {
  *predict() {
    handled++;
    yield { text: 'secret' };
  }
}

type Handler = (this: unknown, request: any, reply: any) => unknown;

/** What a plugin does that wants a key for every route, without a hook of Fastify's. */
function wrapRoutes(adapter: FastifyAdapter): void {
  adapter.getInstance().addHook('onRoute', (route) => {
    const handler = route.handler as Handler;
    route.handler = function wantKey(request, reply) {
      if (request.headers['x-key'] === 'good') return handler.call(this, request, reply);
      return reply.code(401).send('no key');
    };
  });
}

const ANSWERS = [
  ['/plain', 'application/json', '{"text":"secret"}'],
  ['/plain', 'application/x-protobuf', '\n\u0006secret'],
  ['/packed', 'application/json', '{"text":"secret"}'],
  ['/items', 'application/x-ndjson', '{"text":"secret"}\n'],
  ['/items', 'application/json', '[{"text":"secret"}]'],
] as const;

/** Asks without the key and with it. */
async function expectKeyWanted(url: string, path: string, accept: string, told: string) {
  const ask = (headers: Record<string, string>) =>
    fetch(url + path, {
      method: 'POST',
      body: '{}',
      headers: { connection: 'close', accept, ...headers },
    });
  expect((await ask({})).status).toBe(401);
  expect(handled).toBe(0);
  const answer = await ask({ 'x-key': 'good' });
  expect([answer.status, await answer.text()]).toEqual([200, told]);
  expect(handled).toBe(1);
}

describe.each(ADAPTERS)('what an app puts around the routes that Nest gives %s', (name) => {
  it.each(ANSWERS)('stands before %s as %s', async (path, accept, told) => {
    const app = await startApp(name, {
      controllers: [Plain, Packed, Items],
      setUp(app) {
        const adapter = app.getHttpAdapter() as unknown as { post: (...args: any[]) => unknown };
        const post = adapter.post.bind(adapter);
        adapter.post = (route: string, handler: Handler) => {
          const wantKey: Handler = function (request, reply) {
            if (request.headers['x-key'] === 'good') {
              return Reflect.apply(handler, this, [request, reply, () => {}]);
            }
            return reply.status(401).send('no key');
          };
          for (const key of Reflect.getMetadataKeys(handler)) {
            Reflect.defineMetadata(key, Reflect.getMetadata(key, handler), wantKey);
          }
          return post(route, wantKey);
        };
      },
    });
    await expectKeyWanted(app.url, path, accept, told);
  });
});

describe.each([
  ['before the app is made', (adapter: FastifyAdapter) => wrapRoutes(adapter), () => {}],
  ['before it listens', () => {}, (adapter: FastifyAdapter) => wrapRoutes(adapter)],
])('what a plugin of Fastify puts around each route %s', (_, early, late) => {
  it.each(ANSWERS)('stands before %s as %s', async (path, accept, told) => {
    const adapter = new FastifyAdapter();
    early(adapter);
    const app = await startApp(adapter, {
      controllers: [Plain, Packed, Items],
      setUp: () => late(adapter),
    });
    await expectKeyWanted(app.url, path, accept, told);
  });
});
