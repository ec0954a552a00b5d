import { VersioningType, type INestApplication } from '@nestjs/common';
import { AsyncLocalStorage } from 'node:async_hooks';
import { once } from 'node:events';
import type { IncomingMessage, RequestListener, Server } from 'node:http';
import { text } from 'node:stream/consumers';
import { ModelEndpoint, type PredictContext } from 'nestjs-model-serving';
import { describe, expect, it } from 'vitest';
import { ADAPTERS, startApp } from '../serving-app.js';
import { CapturedLog } from './captured-log.js';
import { openSocket } from './raw-request.js';
import { converse } from './wire.js';

const visitor = new AsyncLocalStorage<string>();

@ModelEndpoint('/direct')
class Direct {
  predict({ fail }: { fail?: boolean }, { query }: PredictContext) {
    if (fail) throw new Error('as asked');
    return { visitor: visitor.getStore() ?? null, query };
  }
}

@ModelEndpoint('/routed', undefined, { direct: false })
class Routed {
  predict() {
    return {};
  }
}

const serverOf = (app: INestApplication): Server => app.getHttpServer();

/** The listener that a framework gives its server. */
function frameworkOf(app: INestApplication): RequestListener {
  const instance = app.getHttpAdapter().getInstance();
  return instance.routing ?? instance;
}

function post(path: string, rest = '', body = '{}'): string {
  const head = [`POST ${path} HTTP/1.1`, 'Host: a', 'Connection: close', rest].filter(Boolean);
  return `${head.join('\r\n')}\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
}

describe.each(ADAPTERS)('the direct lane on %s', (adapter) => {
  async function start(setUp: (app: INestApplication) => void = () => {}, log = new CapturedLog()) {
    const app = await startApp(adapter, {
      controllers: [Direct, Routed],
      setUp(app) {
        log.attach(app);
        setUp(app);
      },
    });
    const ways = log.lines.filter(({ text }) => text.endsWith('DirectLane'));
    return { ...app, log, ways: ways.map(({ level, text }) => `${level} ${text}`) };
  }

  it('is told of in the log, and closed by the option direct', async () => {
    const { ways } = await start();
    expect(ways).toEqual([
      'debug POST /direct takes the direct lane | DirectLane',
      "debug POST /routed takes Nest's route: its option direct is false | DirectLane",
    ]);
  });

  it('is open below a prefix and a version of the path', async () => {
    const { ways, post } = await start((app) => {
      app.setGlobalPrefix('api');
      app.enableVersioning({ type: VersioningType.URI, defaultVersion: '1' });
    });
    expect(ways[0]).toBe('debug POST /api/v1/direct takes the direct lane | DirectLane');
    expect((await post('/api/v1/direct', {})).status).toBe(200);
    expect((await post('/direct', {})).status).toBe(404);
  });

  it('takes a body that comes with its head at once, and another as it comes', async () => {
    const { app, url } = await start();
    const listened: boolean[] = [];
    serverOf(app).prependListener('request', (request) => {
      const index = listened.push(false) - 1;
      request.on('newListener', (event) => {
        if (event === 'data') listened[index] = true;
      });
    });
    const [head, body] = post('/direct').split(/(?<=\r\n\r\n)/) as [string, string];
    expect(await converse(url, [head + body])).toContain('200 OK');

    const socket = await openSocket(url);
    socket.write(head);
    await once(serverOf(app), 'request');
    socket.write(body);
    expect(await text(socket)).toContain('200 OK');
    expect(listened).toEqual([false, true]);
  });

  it("has the place of the framework's listener, and its name", async () => {
    const { app, url } = await start();
    const server = serverOf(app);
    expect(server.listeners('request')).toContain(frameworkOf(app));
    server.removeListener('request', frameworkOf(app));
    server.on('request', (_, response) => response.end('instead'));
    expect(await converse(url, [post('/direct')])).toMatch(/instead$/);
  });

  it('is closed where the app has put a listener in that place', async () => {
    const { ways, post } = await start((app) => {
      const framework = frameworkOf(app);
      serverOf(app).removeAllListeners('request');
      serverOf(app).on('request', function around(request, response) {
        response.setHeader('x-around', '1');
        framework(request, response);
      });
    });
    expect(ways[0]).toContain('what stands before it cannot be seen');
    expect((await post('/direct', {})).headers.get('x-around')).toBe('1');
  });

  it('sees what listeners before it have changed', async () => {
    const { url } = await start((app) => {
      serverOf(app).prependListener('request', (request) => {
        if (request.url === '/alias') request.url = '/direct?a=1';
      });
    });
    expect(await converse(url, [post('/alias')])).toMatch(
      /\{"visitor":null,"query":\{"a":"1"\}\}$/,
    );
  });

  it('serves in the async context of the request, whenever its body comes', async () => {
    const { url } = await start((app) => {
      serverOf(app).prependListener('request', ({ headers }: IncomingMessage) =>
        visitor.enterWith(String(headers['x-visitor'])),
      );
    });
    const whole = await converse(url, [post('/direct', 'X-Visitor: ada')]);
    expect(whole).toContain('"visitor":"ada"');
    const [head, body] = post('/direct', 'X-Visitor: bob').split(/(?=\{\})/);
    expect(await converse(url, [head!, body!])).toContain('"visitor":"bob"');
  });

  it('is taken inside the event that instrumentations patch', async () => {
    const seen: unknown[] = [];
    const { app, post } = await start();
    const server = serverOf(app);
    const emit = server.emit as (...event: unknown[]) => boolean;
    server.emit = function (this: Server, ...event: unknown[]) {
      if (event[0] === 'request') seen.push((event[1] as IncomingMessage).url);
      return visitor.run('traced', () => emit.apply(this, event));
    };
    expect((await post('/direct', {})).body).toMatchObject({ visitor: 'traced' });
    expect(seen).toEqual(['/direct']);
  });

  it('outlives a log that throws', async () => {
    class BrokenLog extends CapturedLog {
      override error = () => {
        throw new Error('The disk is full');
      };
    }
    const { url } = await start(undefined, new BrokenLog());
    expect(await converse(url, [post('/direct', '', '{"fail":true}')])).toBe('');
    expect(await converse(url, [post('/direct')])).toMatch(/^HTTP\/1\.1 200/);
  });

  it('leaves a body that somebody has begun to read to the framework', async () => {
    const { url } = await start((app) => {
      serverOf(app).prependListener('request', (request: IncomingMessage) => {
        request.on('data', () => {});
      });
    });
    const answers = await Promise.all(
      ['/direct', '/routed'].map((path) => converse(url, [post(path)])),
    );
    const [direct, routed] = answers.map((answer) => answer.slice(0, 12));
    expect(direct).toBe(routed);
  });
});
