import { once } from 'node:events';
import { request, type IncomingMessage } from 'node:http';
import { connect as connectHttp2 } from 'node:http2';
import { createGunzip } from 'node:zlib';
import type { INestApplication } from '@nestjs/common';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import fastifyCompress from '@fastify/compress';
import compression from 'compression';
import { ModelEndpoint } from 'nestjs-model-serving';
import { beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { deferred } from '../endpoint/deferred.js';
import { startApp, type RunningApp } from '../serving-app.js';
import { eventsOf } from './client.js';

let release: ReturnType<typeof deferred>;
beforeEach(() => {
  release = deferred();
});

@ModelEndpoint('/held', undefined, { stream: true })
class Held {
  async *predict() {
    yield { text: 'first '.repeat(1000) };
    yield { text: 'second' };
    await release.promise;
    yield { text: 'third' };
  }
}

interface Reading {
  until(holds: (text: string) => boolean): Promise<void>;
}

/** Reads a text as it comes; what has come is all there is to decide by. */
function reading(body: NodeJS.ReadableStream): Reading {
  let text = '';
  body.setEncoding('utf8');
  return {
    async until(holds) {
      while (!holds(text)) text += (await once(body, 'data'))[0];
    },
  };
}

async function overHttp1(app: RunningApp): Promise<IncomingMessage> {
  const headers = { 'accept-encoding': 'gzip' };
  const sent = request(`${app.url}/held`, { method: 'POST', agent: false, headers });
  onTestFinished(() => void sent.destroy());
  sent.end('{}');
  return (await once(sent, 'response'))[0];
}

/** What a stream shows while its handler waits to go on. */
async function comesAsItIsMade(body: NodeJS.ReadableStream): Promise<void> {
  const read = reading(body);
  await read.until((text) => eventsOf(text).length === 2);
  release.resolve(undefined);
  await read.until((text) => eventsOf(text).at(-1)?.event === 'end');
}

describe('A stream is held back by no middleware that compresses:', () => {
  it('compression, on Express', async () => {
    const setUp = (app: INestApplication) => void app.use(compression({ threshold: 0 }));
    const app = await startApp('express', { controllers: [Held], setUp });
    const response = await overHttp1(app);
    expect(response.headers['content-encoding']).toBeUndefined();
    await comesAsItIsMade(response);
  });

  it('one that compresses whatever it is told, on Express', async () => {
    const app = await startApp('express', {
      controllers: [Held],
      setUp(app) {
        app.use(compression({ threshold: 0 }));
        app.use((_request: unknown, response: any, next: () => void) => {
          const { setHeader } = response;
          // The header that would keep it from doing so.
          response.setHeader = function (name: string, value: string) {
            return name === 'cache-control' ? this : setHeader.call(this, name, value);
          };
          next();
        });
      },
    });
    const response = await overHttp1(app);
    expect(response.headers['content-encoding']).toBe('gzip');
    await comesAsItIsMade(response.pipe(createGunzip()));
  });

  it('@fastify/compress, on Fastify', async () => {
    const adapter = new FastifyAdapter();
    await adapter.register(fastifyCompress as never, { threshold: 0 });
    const app = await startApp(adapter, { controllers: [Held] });
    const response = await overHttp1(app);
    expect(response.headers['content-encoding']).toBeUndefined();
    await comesAsItIsMade(response);
  });
});

describe('A stream over HTTP/2', () => {
  it('comes as it is made, with the headers that hooks have set', async () => {
    const adapter = new FastifyAdapter({ http2: true } as never);
    const app = await startApp(adapter, {
      controllers: [Held],
      setUp(app) {
        app.enableCors({ origin: 'https://a.example' });
        const fastify = app.getHttpAdapter().getInstance();
        fastify.addHook('onRequest', (_request: unknown, reply: any, done: () => void) => {
          reply.header('x-hook', 'here');
          done();
        });
      },
    });
    const session = connectHttp2(app.url);
    onTestFinished(() => session.destroy());
    const headers = { origin: 'https://a.example', 'sec-fetch-site': 'cross-site' };
    const stream = session.request({ ':method': 'POST', ':path': '/held', ...headers });
    stream.end('{}');
    const [head] = await once(stream, 'response');
    expect(head).toMatchObject({
      ':status': 200,
      'content-type': 'text/event-stream',
      'x-hook': 'here',
      'access-control-allow-origin': 'https://a.example',
    });
    await comesAsItIsMade(stream);
  });
});
