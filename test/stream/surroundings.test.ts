import { AsyncLocalStorage } from 'node:async_hooks';
import {
  Controller,
  Header,
  HttpCode,
  Inject,
  Injectable,
  Scope,
  VersioningType,
  type INestApplication,
} from '@nestjs/common';
import { REQUEST } from '@nestjs/core';
import { ModelEndpoint, type PredictContext } from 'nestjs-model-serving';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { deferred } from '../endpoint/deferred.js';
import { openSocket, rawRequest, readAnswer } from '../http/raw-request.js';
import { scrapeAtRest } from '../metrics/scrape.js';
import { ADAPTERS, createApp, startApp, type Answer } from '../serving-app.js';
import { stopClock } from '../stopped-clock.js';
import { eventsOf } from './client.js';
import { StreamModel } from './stream-model.js';

const user = new AsyncLocalStorage<string>();

@ModelEndpoint('/told', undefined, { stream: true })
@Injectable({ scope: Scope.REQUEST })
class Told {
  constructor(@Inject(REQUEST) private readonly request: { headers: Record<string, string> }) {}

  async *predict(_input: object, { params, query }: PredictContext) {
    yield { who: this.request.headers['x-who'], params, query };
    await new Promise(setImmediate);
    yield user.getStore();
  }
}

@Controller('decorated')
class Decorated {
  @HttpCode(203)
  @Header('X-Model', 'one')
  @ModelEndpoint(':name', undefined, { stream: true })
  *predict(_input: object, { params, query }: PredictContext) {
    yield { params, query };
  }
}

@Controller({ path: 'versioned', version: '1' })
class First {
  @ModelEndpoint('', undefined, { stream: true })
  *predict() {
    yield 'first';
  }
}

@Controller({ path: 'versioned', version: '2' })
class Second {
  @ModelEndpoint('', undefined, { stream: true })
  *predict() {
    yield 'second';
  }
}

@Controller({ path: 'hosted', host: 'a.example' })
class Hosted {
  @ModelEndpoint('', undefined, { stream: true })
  *predict() {
    yield 'hosted';
  }
}

describe.each(ADAPTERS)('A stream stands in an app on %s', (adapter) => {
  let app: INestApplication;
  let url: string;
  beforeAll(async () => {
    app = await createApp(adapter, {
      controllers: [Told, Decorated, First, Second, Hosted],
      options: { defaults: { cache: true } },
    });
    app.setGlobalPrefix('api');
    app.enableVersioning({ type: VersioningType.HEADER, header: 'x-version' });
    app.use((request: any, _response: unknown, next: () => void) => {
      user.run(request.headers['x-who'] ?? 'nobody', next);
    });
    await app.listen(0, '127.0.0.1');
    url = await app.getUrl();
  });
  afterAll(() => app.close());

  async function post(path: string, headers: Record<string, string> = {}): Promise<Answer> {
    const sent = { connection: 'close', accept: 'application/x-ndjson', ...headers };
    const answer = await fetch(url + path, { method: 'POST', body: '{}', headers: sent });
    const text = await answer.text();
    const body = answer.ok
      ? text
          .split('\n')
          .filter(Boolean)
          .map((line) => JSON.parse(line))
      : text;
    return { status: answer.status, headers: answer.headers, body };
  }

  it('with a class made for each request, in its async context', async () => {
    const answers = await Promise.all(
      ['a', 'b'].map((who) => post('/api/told?n=1', { 'x-who': who })),
    );
    expect(answers.map(({ body }) => body)).toEqual([
      [{ who: 'a', params: {}, query: { n: '1' } }, 'a'],
      [{ who: 'b', params: {}, query: { n: '1' } }, 'b'],
    ]);
  });

  it.each(['application/x-ndjson', 'application/json', '*/*'])(
    'with what decorators say of its answer: %s',
    async (accept) => {
      const init = { method: 'POST', body: '{}', headers: { connection: 'close', accept } };
      const answer = await fetch(`${url}/api/decorated/a%20b?c=d`, init);
      expect([answer.status, answer.headers.get('x-model')]).toEqual([203, 'one']);
      expect(await answer.text()).toContain('{"params":{"name":"a b"},"query":{"c":"d"}}');
    },
  );

  it('in versions', async () => {
    expect((await post('/api/versioned', { 'x-version': '1' })).body).toEqual(['first']);
    expect((await post('/api/versioned', { 'x-version': '2' })).body).toEqual(['second']);
    expect((await post('/api/versioned', { 'x-version': '3' })).status).toBe(404);
  });

  it('on its host', async () => {
    const head = ['POST /api/hosted HTTP/1.1', 'Content-Length: 2'];
    const elsewhere = await rawRequest(url, head, '{}');
    expect(elsewhere.status).toBe(404);
    const socket = await openSocket(url);
    socket.write(
      'POST /api/hosted HTTP/1.1\r\nHost: a.example\r\nConnection: close\r\nContent-Length: 2\r\n\r\n{}',
    );
    const there = await readAnswer(socket);
    expect(there.status).toBe(200);
    expect(there.body).toContain('data: "hosted"');
  });

  it('for clients of HTTP/1.0, and for those that send several requests at once', async () => {
    const old = await openSocket(url);
    old.write('POST /api/told HTTP/1.0\r\nContent-Length: 2\r\n\r\n{}');
    const { headers, body } = await readAnswer(old);
    expect(headers['transfer-encoding']).toBeUndefined();
    expect(eventsOf(body).at(-1)?.event).toBe('end');

    const socket = await openSocket(url);
    const request = (more = '') =>
      `POST /api/told HTTP/1.1\r\nHost: x\r\n${more}Content-Length: 2\r\n\r\n{}`;
    socket.write(request() + request() + request('Connection: close\r\n'));
    const answers = await readAnswer(socket);
    expect(answers.body.match(/event: end/g)).toHaveLength(3);
  });
});

let model: StreamModel;
let release: ReturnType<typeof deferred>;
beforeEach(() => {
  model = new StreamModel();
  release = deferred();
});

@ModelEndpoint('/stuck', undefined, {
  stream: true,
  maxConcurrency: 1,
  timeout: 1_000,
  stallTimeout: 0,
})
class Stuck {
  predict(_input: object, context: PredictContext) {
    return model.stream(context, async function* () {
      await release.promise;
      yield 1;
    });
  }
}

@ModelEndpoint('/counted', undefined, { stream: true })
class Counted {
  async *predict({ to, fail = false }: { to: number; fail?: boolean }) {
    for (let n = 0; n < to; n++) yield n;
    if (fail) throw new Error('broken');
  }
}

describe.each(ADAPTERS)('What is told of streams on %s', (adapter) => {
  it('is that one is stalled which ends by nothing', async () => {
    const clock = stopClock();
    const app = await startApp(adapter, { controllers: [Stuck] });
    const answer = app.post('/stuck', {});
    await model.until(({ asked }) => asked === 1);
    clock.advance(1_001);
    expect((await answer).status).toBe(504);
    expect(model.returned).toBe(1);
    expect((await app.get('/__ready')).status).toBe(503);
    release.resolve(undefined);
    await model.until(({ finallyRan }) => finallyRan === 1);
    await new Promise(setImmediate);
    expect((await app.get('/__ready')).status).toBe(200);
  });

  it('is how many items there were, and how the whole of each ended', async () => {
    const app = await startApp(adapter, { controllers: [Counted] });
    const before = await scrapeAtRest(app);
    const answers = await Promise.all([
      app.post('/counted', { to: 3 }),
      app.post('/counted', { to: 0 }),
      app.post('/counted', { to: 2, fail: true }),
    ]);
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200]);
    const after = await scrapeAtRest(app);
    const grown = (name: string, labels: Record<string, string> = {}) => {
      const of = { endpoint: '/counted', ...labels };
      return after.sum(`model_serving_${name}`, of) - before.sum(`model_serving_${name}`, of);
    };
    expect(grown('stream_items_total')).toBe(5);
    expect(grown('first_item_duration_seconds_count')).toBe(2);
    expect(grown('requests_total', { outcome: 'ok' })).toBe(2);
    expect(grown('requests_total', { outcome: 'error' })).toBe(1);
    expect(grown('request_duration_seconds_count', { status: '500' })).toBe(1);
  });
});

describe('The warm-up of a stream', () => {
  it.each([
    [{ to: 2 }, undefined],
    [{ to: 2, fail: true }, /expected warmup\[0\] to succeed, got "broken"/],
  ])('runs to its end: %j', async (input, refusal) => {
    class Warm extends Counted {}
    ModelEndpoint('/warm', undefined, { stream: true, warmup: [input] })(Warm);
    const app = await createApp('express', { controllers: [Warm] });
    if (refusal === undefined) await app.init();
    else await expect(app.init()).rejects.toThrow(refusal);
    await app.close();
  });
});
