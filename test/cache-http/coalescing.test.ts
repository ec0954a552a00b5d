import { EventEmitter, once } from 'node:events';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { Controller, NotFoundException } from '@nestjs/common';
import { Keyv } from 'keyv';
import { ModelEndpoint, type PredictContext } from 'nestjs-model-serving';
import { register } from 'prom-client';
import { beforeEach, describe, expect, it } from 'vitest';
import { deferred, type Deferred } from '../endpoint/deferred.js';
import { scrapeAtRest, scrapeWhen, type Scrape } from '../metrics/scrape.js';
import { ADAPTERS, startApp, type RunningApp } from '../serving-app.js';
import { stopClock } from '../stopped-clock.js';

interface Run {
  readonly input: unknown;
  readonly context: PredictContext;
  readonly answer: Deferred<unknown>;
}

let runs: Run[] = [];
let keys = 0;
const keyMade = new EventEmitter();
beforeEach(() => {
  runs = [];
  keys = 0;
  register.clear(); // counts start at 0 in every test
});

function run(input: unknown, context: PredictContext): Promise<unknown> {
  const answer = deferred<unknown>();
  runs.push({ input, context, answer });
  return answer.promise;
}

/** The input's own key, made just before a request joins a run or starts one. */
function key(input: object): string {
  keys++;
  keyMade.emit('key');
  return JSON.stringify(Object.entries(input).sort());
}

@Controller()
class Models {
  @ModelEndpoint('/shared', undefined, { cache: { key } })
  shared(input: object, context: PredictContext) {
    void context.signal; // so that it is there to be aborted
    return run(input, context);
  }

  @ModelEndpoint('/uncached')
  uncached(input: object, context: PredictContext) {
    return run(input, context);
  }
}

/** Waits until so many requests have asked for an answer to share. */
async function asked(count: number): Promise<void> {
  while (keys < count) await once(keyMade, 'key');
  await nextTurn();
}

const inFlight = (count: number) => (found: Scrape) =>
  expect(found.sum('model_serving_in_flight')).toBe(count);

/** A request that can be broken off. */
function breakable(app: RunningApp, path: string, body: unknown) {
  const controller = new AbortController();
  const answer = fetch(app.url + path, {
    method: 'POST',
    body: JSON.stringify(body),
    headers: { connection: 'close' },
    signal: controller.signal,
  }).then(
    async (response) => ({
      status: response.status,
      cache: response.headers.get('x-cache'),
      body: await response.json(),
    }),
    () => 'left' as const,
  );
  return { answer, leave: () => controller.abort() };
}

describe.each(ADAPTERS)('identical requests in flight on %s', (adapter) => {
  it('share one run', async () => {
    const app = await startApp(adapter, { controllers: [Models] });
    const first = app.post('/shared', { a: 1, b: 2 });
    await asked(1);
    const others = Array.from({ length: 4 }, () => app.post('/shared', { b: 2, a: 1 }));
    await asked(5);
    expect(runs).toHaveLength(1);
    runs[0]!.answer.resolve({ run: 1 });
    const answers = await Promise.all([first, ...others]);
    expect(answers.map(({ body }) => body)).toEqual(Array(5).fill({ run: 1 }));
    expect(answers.map(({ headers }) => headers.get('x-cache'))).toEqual([
      'MISS',
      ...Array(4).fill('COALESCED'),
    ]);
    const ids = new Set(answers.map(({ headers }) => headers.get('x-request-id')));
    expect(ids.size).toBe(5);
    const later = await app.post('/shared', { a: 1, b: 2 });
    expect(later.headers.get('x-cache')).toBe('HIT');
    expect(runs).toHaveLength(1);
  });

  it('share one run, though all of them find nothing in a slow store at once', async () => {
    const reads: Deferred<void>[] = [];
    const store = new Keyv();
    store.get = (async () => {
      const read = deferred();
      reads.push(read);
      await read.promise;
    }) as never;
    const options = { cache: { stores: [store], timeout: 60_000 } };
    const app = await startApp(adapter, { controllers: [Models], options });
    const requests = [app.post('/shared', {}), app.post('/shared', {}), app.post('/shared', {})];
    await expect.poll(() => reads.length).toBe(3);
    for (const read of reads) read.resolve();
    await expect.poll(() => runs.length).toBe(1);
    await scrapeWhen(app, inFlight(3));
    expect(runs).toHaveLength(1);
    runs[0]!.answer.resolve({ run: 1 });
    for (const { body } of await Promise.all(requests)) expect(body).toEqual({ run: 1 });
  });

  it('do not, where the inputs or the endpoints differ, or nothing is cached', async () => {
    const app = await startApp(adapter, { controllers: [Models] });
    const requests = [
      app.post('/shared', { a: 1 }),
      app.post('/shared', { a: 2 }),
      app.post('/uncached', { a: 1 }),
      app.post('/uncached', { a: 1 }),
    ];
    await scrapeWhen(app, inFlight(4));
    await expect.poll(() => runs.length).toBe(4);
    for (const { answer, input } of runs) answer.resolve(input);
    const answers = await Promise.all(requests);
    expect(answers.map(({ body }) => body)).toEqual([{ a: 1 }, { a: 2 }, { a: 1 }, { a: 1 }]);
  });

  it('do not with Cache-Control: no-store', async () => {
    const app = await startApp(adapter, { controllers: [Models] });
    const shared = app.post('/shared', {});
    await asked(1);
    const own = app.post('/shared', {}, { 'cache-control': 'no-store' });
    await expect.poll(() => runs.length).toBe(2);
    runs[1]!.answer.resolve({ run: 2 });
    expect((await own).body).toEqual({ run: 2 });
    runs[0]!.answer.resolve({ run: 1 });
    expect((await shared).body).toEqual({ run: 1 });
  });

  it('wait with Cache-Control: no-cache for one next run, which others join', async () => {
    const app = await startApp(adapter, { controllers: [Models] });
    const fresh = (headers = {}) =>
      app.post('/shared', {}, { 'cache-control': 'no-cache', ...headers });
    const first = app.post('/shared', {});
    await asked(1);
    const waiting = Array.from({ length: 20 }, () => fresh());
    await asked(21);
    const joined = app.post('/shared', {});
    await asked(22);
    expect(runs).toHaveLength(1);
    runs[0]!.answer.resolve({ run: 1 });
    for (const answer of [first, joined]) expect((await answer).body).toEqual({ run: 1 });
    await expect.poll(() => runs.length).toBe(2);

    const late = app.post('/shared', {});
    await asked(23);
    const later = fresh();
    await asked(24);
    expect(runs).toHaveLength(2);
    runs[1]!.answer.resolve({ run: 2 });
    for (const { status, headers, body } of await Promise.all(waiting)) {
      expect([status, headers.get('x-cache'), body]).toEqual([200, 'BYPASS', { run: 2 }]);
    }
    expect((await late).headers.get('x-cache')).toBe('COALESCED');
    expect((await late).body).toEqual({ run: 2 });
    await expect.poll(() => runs.length).toBe(3);
    runs[2]!.answer.resolve({ run: 3 });
    expect((await later).body).toEqual({ run: 3 });
    expect((await app.post('/shared', {})).body).toEqual({ run: 3 });
    expect((await scrapeAtRest(app)).lookups('/shared')).toEqual({
      miss: 1,
      coalesced: 2,
      bypass: 21,
      hit: 1,
    });
  });

  it('start with no-cache a run that others join, and leave it as they came', async () => {
    const app = await startApp(adapter, { controllers: [Models] });
    const clock = stopClock();
    const fresh = { 'cache-control': 'no-cache' };
    const first = app.post('/shared', {}, fresh);
    await asked(1);
    const joined = app.post('/shared', {});
    await asked(2);
    const hurried = app.post('/shared', {}, { ...fresh, 'x-request-timeout-ms': '300' });
    await asked(3);
    clock.advance(300);
    expect((await hurried).status).toBe(504);
    runs[0]!.answer.resolve({ run: 1 });
    expect((await first).headers.get('x-cache')).toBe('BYPASS');
    expect((await joined).headers.get('x-cache')).toBe('COALESCED');
    expect((await app.post('/shared', {})).headers.get('x-cache')).toBe('HIT');
    expect(runs).toHaveLength(1);
  });

  it.each(['the one that started it', 'one that joined'])('go on when %s leaves', async (who) => {
    const app = await startApp(adapter, { controllers: [Models] });
    const first = breakable(app, '/shared', {});
    await asked(1);
    const joined = [breakable(app, '/shared', {}), breakable(app, '/shared', {})];
    await asked(3);
    const leaver = who === 'one that joined' ? joined[0]! : first;
    leaver.leave();
    expect(await leaver.answer).toBe('left');
    await scrapeWhen(app, inFlight(2));
    // Who comes now still joins.
    const late = breakable(app, '/shared', {});
    await asked(4);
    expect(runs).toHaveLength(1);
    expect(runs[0]!.context.signal.aborted).toBe(false);
    runs[0]!.answer.resolve({ run: 1 });
    for (const { answer } of [first, ...joined, late].filter((one) => one !== leaver)) {
      expect(await answer).toMatchObject({ status: 200, body: { run: 1 } });
    }
    expect((await app.post('/shared', {})).headers.get('x-cache')).toBe('HIT');
    expect((await scrapeAtRest(app)).outcomes('/shared')).toEqual({ ok: 4, cancelled: 1 });
  });

  it('are given up when all have left, and what comes of it is not kept', async () => {
    const app = await startApp(adapter, { controllers: [Models] });
    const first = breakable(app, '/shared', {});
    await asked(1);
    const second = breakable(app, '/shared', {});
    await asked(2);
    const { signal } = runs[0]!.context;
    first.leave();
    await scrapeWhen(app, inFlight(1));
    expect(signal.aborted).toBe(false);
    second.leave();
    await scrapeWhen(app, inFlight(0));
    expect(signal.aborted).toBe(true);

    // The next one starts anew, though the first run has not ended.
    const next = app.post('/shared', {});
    await asked(3);
    runs[0]!.answer.resolve({ run: 1 });
    runs[1]!.answer.resolve({ run: 2 });
    expect((await next).body).toEqual({ run: 2 });
    expect((await app.post('/shared', {})).body).toEqual({ run: 2 });
    expect((await scrapeAtRest(app)).outcomes('/shared')).toEqual({ ok: 2, cancelled: 2 });
  });

  it.each([
    [new Error('secret'), 500, 'Internal server error'],
    [new NotFoundException('gone'), 404, 'gone'],
  ])(
    'all get the error that it ends with, and it is not kept (%s)',
    async (error, status, text) => {
      const app = await startApp(adapter, { controllers: [Models] });
      const first = app.post('/shared', {});
      await asked(1);
      const others = [app.post('/shared', {}), app.post('/shared', {})];
      await asked(3);
      runs[0]!.answer.resolve(Promise.reject(error));
      const answers = await Promise.all([first, ...others]);
      expect(answers.map((answer) => [answer.status, answer.body.error])).toEqual(
        Array(3).fill([status, text]),
      );
      // Each names its own request.
      for (const { headers, body } of answers) {
        expect(body.requestId).toBe(headers.get('x-request-id'));
      }
      const next = app.post('/shared', {});
      await asked(4);
      runs[1]!.answer.resolve({ run: 2 });
      expect(await next).toMatchObject({ status: 200, body: { run: 2 } });
    },
  );

  it('keep their own deadlines', async () => {
    const app = await startApp(adapter, { controllers: [Models] });
    const clock = stopClock();
    const hurried = app.post('/shared', {}, { 'x-request-timeout-ms': '300' });
    await asked(1);
    const patient = app.post('/shared', {});
    await asked(2);
    clock.advance(300);
    expect((await hurried).status).toBe(504);
    expect(runs[0]!.context.signal.aborted).toBe(false);
    runs[0]!.answer.resolve({ run: 1 });
    expect(await patient).toMatchObject({ status: 200, body: { run: 1 } });
    expect((await scrapeAtRest(app)).outcomes('/shared')).toEqual({ ok: 1, timeout: 1 });
  });
});
