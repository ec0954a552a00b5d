import { once } from 'node:events';
import { connect as connectHttp2, constants } from 'node:http2';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { ModelEndpoint, type PredictContext } from 'nestjs-model-serving';
import { beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { deferred } from '../endpoint/deferred.js';
import { openSocket } from '../http/raw-request.js';
import { levelsAre } from '../execution-http/levels.js';
import { Scrape } from '../metrics/scrape.js';
import { startApp } from '../serving-app.js';
import { stopClock } from '../stopped-clock.js';
import { eventsOf, StreamClient } from './client.js';
import { StreamModel } from './stream-model.js';
import { WAYS } from './ways.js';

let model: StreamModel;
let release: ReturnType<typeof deferred>;
beforeEach(() => {
  model = new StreamModel();
  release = deferred();
});

interface Input {
  fail?: string;
  first?: number;
}

/** Gives some items, then waits until it is aborted, or for ever where it is told to ignore that. */
async function* waiting({ fail, first = 2 }: Input, { signal }: PredictContext) {
  for (let n = 0; n < first; n++) yield { n };
  if (fail === 'throw') throw new Error('broken');
  if (fail === 'answer') yield () => 'a function is no answer';
  if (fail === 'ignore') await release.promise;
  else await new Promise((resolve) => signal.addEventListener('abort', resolve));
  yield { n: 'late' };
}

@ModelEndpoint('/wait', undefined, { stream: true, maxConcurrency: 1, timeout: 10_000 })
class Waiter {
  predict(input: Input, context: PredictContext) {
    return model.stream(context, () => waiting(input, context));
  }
}

@ModelEndpoint('/prompt', undefined, {
  stream: true,
  timeout: 60_000,
  firstItemTimeout: 5_000,
  commentInterval: 2_000,
})
class Prompt {
  predict(input: Input, context: PredictContext) {
    return model.stream(context, () => waiting(input, context));
  }
}

describe.each(WAYS)('A stream by $way ends', ({ adapter, defaults }) => {
  const start = (options = {}) =>
    startApp(adapter, { controllers: [Waiter, Prompt], options: { defaults, ...options } });
  const begun = (client: StreamClient) => client.until(({ events }) => events.length === 2);

  /** What is true of every stream that ends before its time. */
  async function isOver(app: Awaited<ReturnType<typeof start>>): Promise<void> {
    await model.until(({ finallyRan }) => finallyRan === 1);
    expect(model.returned).toBe(1);
    expect(model.contexts[0]!.signal.aborted).toBe(true);
    await levelsAre(app, { in_flight: 0, queue_depth: 0 });
    // The one slot there is is free.
    const next = await StreamClient.open(`${app.url}/wait`, { first: 1 });
    await next.until(({ events }) => events.length === 1);
    next.leave();
    await model.until(({ finallyRan }) => finallyRan === 2);
    await levelsAre(app, { in_flight: 0 });
  }

  it('as its client goes away', async () => {
    const app = await start();
    const client = await StreamClient.open(`${app.url}/wait`, {});
    await begun(client);
    await levelsAre(app, { in_flight: 1 });
    client.leave();
    await isOver(app);
    expect(model.contexts[0]!.signal.reason).toMatchObject({ failure: 'Cancelled' });
  });

  it('as its client goes away before the first item', async () => {
    const app = await start();
    const left = new AbortController();
    const body = '{"first":0}';
    const { signal } = left;
    const answer = fetch(`${app.url}/wait`, { method: 'POST', body, signal });
    await model.until(({ asked }) => asked === 1);
    left.abort();
    await expect(answer).rejects.toThrow();
    await isOver(app);
  });

  it('at its deadline, with the reason last', async () => {
    const clock = stopClock();
    const app = await start();
    const client = await StreamClient.open(`${app.url}/wait`, {});
    await begun(client);
    clock.advance(10_000);
    await client.end();
    expect(client.events.at(-1)).toMatchObject({ event: 'error' });
    expect(JSON.parse(client.events.at(-1)!.data)).toMatchObject({ code: 'DEADLINE_EXCEEDED' });
    await isOver(app);
  });

  it('at the deadline of its first item, with a status', async () => {
    const clock = stopClock();
    const app = await start();
    const opening = StreamClient.open(`${app.url}/prompt`, { first: 0 });
    await model.until(({ asked }) => asked === 1);
    clock.advance(4_999);
    expect(model.contexts[0]!.signal.aborted).toBe(false);
    clock.advance(1);
    const client = await opening;
    expect(client.status).toBe(504);
    expect(JSON.parse(await client.end())).toMatchObject({ code: 'DEADLINE_EXCEEDED' });
    await isOver(app);
  });

  it('not at the deadline of its first item once that is there, but speaks into the silence', async () => {
    const clock = stopClock();
    const app = await start();
    const client = await StreamClient.open(`${app.url}/prompt`, { first: 1 });
    await client.until(({ events }) => events.length === 1);
    for (let comments = 1; comments <= 3; comments++) {
      clock.advance(2_000);
      await client.until(({ text }) => text.split(':\n\n').length === comments + 1);
    }
    expect(client.events).toHaveLength(1);
    expect(model.contexts[0]!.signal.aborted).toBe(false);
    client.leave();
    await model.until(({ finallyRan }) => finallyRan === 1);
  });

  it.each(['throw', 'answer'])('as its handler fails: %s', async (fail) => {
    const app = await start();
    const client = await StreamClient.open(`${app.url}/wait`, { fail });
    await client.end();
    expect(client.events).toHaveLength(3);
    expect(JSON.parse(client.events[2]!.data)).toMatchObject({ code: 'INTERNAL' });
    expect(model.contexts[0]!.signal.aborted).toBe(true);
    await model.until(({ finallyRan }) => finallyRan === 1);
    // Who has failed has ended, and is not told to.
    expect(model.returned).toBe(fail === 'throw' ? 0 : 1);
    await levelsAre(app, { in_flight: 0 });
    const found = new Scrape((await app.get('/__metrics')).body);
    expect(found.statuses('/wait')['500']).toBeGreaterThan(0);
  });

  it('for its client alone where the handler ignores it, which keeps its slot', async () => {
    const app = await start();
    const client = await StreamClient.open(`${app.url}/wait`, { fail: 'ignore' });
    await begun(client);
    client.leave();
    await model.until(({ returned }) => returned === 1);
    await levelsAre(app, { in_flight: 0 });
    const waits = StreamClient.open(`${app.url}/wait`, { first: 1 });
    await levelsAre(app, { queue_depth: 1 });
    expect(model.finallyRan).toBe(0);
    release.resolve(undefined);
    const next = await waits;
    await next.until(({ events }) => events.length === 1);
    expect(model.finallyRan).toBe(1);
    expect(model.returned).toBe(1);
    next.leave();
  });

  it('whole during a drain, where it ends in time', async () => {
    const app = await start({ shutdownTimeout: 60_000 });
    const client = await StreamClient.open(`${app.url}/wait`, { fail: 'ignore' });
    await begun(client);
    const closed = app.close();
    await stopsListening(app.url);
    release.resolve(undefined);
    await client.end();
    expect(client.events.slice(2)).toMatchObject([{ data: '{"n":"late"}' }, { event: 'end' }]);
    await closed;
  });

  it('with an event, and no reset, at the end of a drain', async () => {
    const app = await start({ shutdownTimeout: 0 });
    const client = await StreamClient.open(`${app.url}/wait`, {});
    await begun(client);
    const closed = app.close();
    await client.end();
    expect(client.events.at(-1)).toMatchObject({ event: 'error' });
    expect(JSON.parse(client.events.at(-1)!.data)).toMatchObject({ code: 'UNAVAILABLE' });
    await model.until(({ finallyRan }) => finallyRan === 1);
    expect(model.returned).toBe(1);
    await closed;
  });
});

describe('A stream over HTTP/2 ends', () => {
  async function open(shutdownTimeout: number) {
    const adapter = new FastifyAdapter({ http2: true } as never);
    const app = await startApp(adapter, { controllers: [Waiter], options: { shutdownTimeout } });
    const session = connectHttp2(app.url);
    onTestFinished(() => session.destroy());
    const stream = session.request({ ':method': 'POST', ':path': '/wait' }).setEncoding('utf8');
    stream.end('{}');
    let text = '';
    stream.on('data', (chunk: string) => (text += chunk));
    await model.until(({ asked }) => asked === 3);
    return { app, stream, events: () => eventsOf(text) };
  }

  it('as its client resets it, and no other of the connection', async () => {
    const { stream } = await open(60_000);
    stream.close(constants.NGHTTP2_CANCEL);
    await model.until(({ finallyRan }) => finallyRan === 1);
    expect(model.returned).toBe(1);
    expect(model.contexts[0]!.signal.aborted).toBe(true);
  });

  it('with an event at the end of a drain', async () => {
    const { app, stream, events } = await open(0);
    const closed = app.close();
    await once(stream, 'end');
    expect(events().at(-1)).toMatchObject({ event: 'error' });
    expect(stream.rstCode).toBe(0);
    await closed;
  });
});

/** Waits until a server takes no more connections. */
async function stopsListening(url: string): Promise<void> {
  for (;;) {
    const taken = await openSocket(url).then(
      (socket) => socket.destroy(),
      () => undefined,
    );
    if (taken === undefined) return;
  }
}
