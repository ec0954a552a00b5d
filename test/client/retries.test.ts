import { setImmediate as nextTurn } from 'node:timers/promises';
import {
  createClient,
  type Client,
  type EndpointTypes,
  type RetryOptions,
} from 'nestjs-model-serving/client';
import { beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { ModelEndpoint, type PredictContext } from 'nestjs-model-serving';
import { HeldModel } from '../execution-http/held-model.js';
import { ADAPTERS, startApp } from '../serving-app.js';
import { stopClock } from '../stopped-clock.js';
import { cut, faultyServer, json, page, reset, type Act } from './faulty-server.js';

const FULL = json({ error: 'full', code: 'RESOURCE_EXHAUSTED' }, 429);
const FINE = json({ a: 1 });

/** A server that is not there: every request fails in the same way. Counts them. */
function outage(cause?: object) {
  const fetch = vi.fn(() => Promise.reject(new TypeError('fetch failed', { cause })));
  return {
    fetch,
    client: (retry?: RetryOptions | false) => createClient('http://x', { retry, fetch }),
  };
}

const REFUSED = { code: 'ECONNREFUSED', syscall: 'connect' };

/** Lets the client's timers pass as soon as they are set, and notes how long each would have been. */
function skipWaits(): number[] {
  const waits: number[] = [];
  const real = globalThis.setTimeout;
  const skipping = (callback: () => void, milliseconds = 0, ...rest: []): NodeJS.Timeout => {
    // Node's own fetch sets timers as well, and needs them.
    const [, , caller = ''] = new Error().stack!.split('\n');
    if (!caller.includes('/src/client/')) return real(callback, milliseconds, ...rest);
    waits.push(milliseconds);
    return real(callback, 0);
  };
  globalThis.setTimeout = skipping as typeof setTimeout;
  onTestFinished(() => void (globalThis.setTimeout = real));
  return waits;
}

/** Every random number there is, or one. */
function random(value: number): void {
  const spy = vi.spyOn(Math, 'random').mockReturnValue(value);
  onTestFinished(() => void spy.mockRestore());
}

const untimed = { timeout: Infinity };

describe('A call is made again', () => {
  const limit = 1;
  it.each([
    ['a 429', FULL],
    ["a proxy's 429", page('<html>', 429)],
    ['a 429 whose body was cut', cut('{', 'application/json', 429)],
    ['a 503 that says when', json({ error: 'starting' }, 503, { 'retry-after': '0' })],
    ["a proxy's 503 that says when", page('<html>', 503, { 'retry-after': '0' })],
  ])('after %s', async (_, act) => {
    const { url, requests } = await faultyServer(act, FINE);
    expect(await createClient(url, { retry: { limit } }).call('/x', {})).toEqual({ a: 1 });
    expect(requests).toHaveLength(2);
  });

  it.each([
    ['a reset', reset],
    ['a cut body', cut('{"a": 1')],
    ["a proxy's 502", page('<html>', 502)],
    ['a 503 that does not say when', json({ error: 'cut' }, 503)],
  ])('after %s only where it is idempotent', async (_, act) => {
    const once = await faultyServer(act, FINE);
    await expect(createClient(once.url).call('/x', {})).rejects.toMatchObject({
      code: 'UNAVAILABLE',
      retryable: false,
    });
    expect(once.requests).toHaveLength(1);
    const twice = await faultyServer(act, FINE);
    const call = createClient(twice.url).call('/x', {}, { idempotent: true });
    expect(await call).toEqual({ a: 1 });
  });

  it.each([
    ['a 400', page('', 400)],
    ['a 413', json({ error: 'large', code: 'RESOURCE_EXHAUSTED' }, 413)],
    ['a 500', page('', 500)],
    ['a 504', page('', 504)],
    ['a page', page('<html>', 200)],
    ['broken JSON', page('{', 200, { 'content-type': 'application/json' })],
  ])('never after %s', async (_, act) => {
    const { url, requests } = await faultyServer(act, FINE);
    await expect(createClient(url).call('/x', {}, { idempotent: true })).rejects.toThrow();
    expect(requests).toHaveLength(1);
  });

  it('with what it was called with, and headers of its own', async () => {
    const bodies: string[] = [];
    const note =
      (act: Act): Act =>
      (response, request, body) => {
        bodies.push(`${request.headers.authorization} ${body}`);
        act(response, request, body);
      };
    const { url } = await faultyServer(note(FULL), note(FINE));
    let token = 0;
    const client = createClient(url, { headers: () => ({ authorization: `${token++}` }) });
    const input = { text: 'a' };
    const call = client.call('/x', input);
    input.text = 'b';
    await call;
    expect(bodies).toEqual(['0 {"text":"a"}', '1 {"text":"a"}']);
  });

  it('as often as it may, and then fails as the last time', async () => {
    skipWaits();
    const { fetch, client } = outage(REFUSED);
    const call = client({ limit: 5 }).call('/x', {}, untimed);
    await expect(call).rejects.toMatchObject({ code: 'UNAVAILABLE', retryable: true });
    expect(fetch).toHaveBeenCalledTimes(6);
    await expect(client(false).call('/x', {})).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    expect(fetch).toHaveBeenCalledTimes(7);
  });
});

describe('A retry waits', () => {
  it.each([
    [0, [0, 0, 0, 0, 0]],
    [0.5, [50, 100, 200, 400, 500]],
    [0.999, [99.9, 199.8, 399.6, 799.2, 999]],
  ])('a random part, %d, of a time that doubles', async (part, expected) => {
    random(part);
    const waits = skipWaits();
    const { client } = outage(REFUSED);
    const call = client({ limit: 5, maxDelay: 1000 }).call('/x', {}, untimed);
    await expect(call).rejects.toThrow();
    expect(waits.map((wait) => Number(wait.toFixed(3)))).toEqual(expected);
  });

  it.each([
    ['in seconds', { 'retry-after': '7' }, 7000],
    ['of none', { 'retry-after': '0' }, 0],
    ['in fractions', { 'retry-after': ' 1.5 ' }, 1500],
    [
      'as a date, by the clock of the server',
      {
        'retry-after': 'Fri, 02 Jan 2026 03:04:12 GMT',
        date: 'Fri, 02 Jan 2026 03:04:05 GMT',
      },
      7000,
    ],
    [
      'as a date that has been',
      {
        'retry-after': 'Fri, 02 Jan 2026 03:04:05 GMT',
        date: 'Fri, 02 Jan 2026 03:04:12 GMT',
      },
      0,
    ],
    [
      'as a date of old',
      { 'retry-after': 'Friday, 02-Jan-26 03:04:12 GMT', date: 'Fri, 02 Jan 2026 03:04:05 GMT' },
      7000,
    ],
    [
      'as a date without a zone',
      { 'retry-after': 'Fri Jan  2 03:04:12 2026', date: 'Fri, 02 Jan 2026 03:04:05 GMT' },
      7000,
    ],
    ['that is none', { 'retry-after': 'soon' }, 0],
    ['that is half a date', { 'retry-after': 'May 5' }, 0],
    ['that is no time', { 'retry-after': '-5' }, 0],
  ])('as long as the server says, and a random time: %s', async (_, headers, wait) => {
    random(0.5);
    const { url } = await faultyServer(json({ error: 'full' }, 429, headers), FINE);
    const waits = skipWaits();
    expect(await createClient(url).call('/x', {}, untimed)).toEqual({ a: 1 });
    expect(waits).toEqual([wait + 50]);
  });

  it('by its own clock where an answer has no date', async () => {
    random(0);
    const date = new Date(Math.ceil(Date.now() / 1000) * 1000 + 50_000).toUTCString();
    const headers = { 'retry-after': date };
    const answers = [new Response('', { status: 429, headers }), Response.json({ a: 1 })];
    const fetch = () => Promise.resolve(answers.shift()!);
    const waits = skipWaits();
    expect(await createClient('http://x', { fetch }).call('/x', {}, untimed)).toEqual({ a: 1 });
    expect(waits[0]).toBeGreaterThan(0);
    expect(waits[0]).toBeLessThanOrEqual(51_000);
  });

  it('not at all where its time would come after the deadline', async () => {
    const headers = { 'retry-after': '30' };
    const { url, requests } = await faultyServer(json({ error: 'full' }, 429, headers), FINE);
    const call = createClient(url).call('/x', {}, { timeout: 29_000 });
    await expect(call).rejects.toMatchObject({ code: 'RESOURCE_EXHAUSTED', retryAfter: 30_000 });
    expect(requests).toHaveLength(1);
  });

  it('a random part of the time that is left, a minute where there is no deadline', async () => {
    random(0.5);
    const waits = skipWaits();
    const headers = { 'retry-after': '58' };
    const answers = [Response.json({}, { status: 429, headers }), Response.json({ a: 1 })];
    const fetch = () => Promise.resolve(answers.shift()!);
    const client = createClient('http://x', { fetch, retry: { minDelay: 5_000 } });
    expect(await client.call('/x', {}, untimed)).toEqual({ a: 1 });
    expect(waits).toEqual([59_000]);
  });

  it.each([
    ['3600', Infinity],
    ['3600000', 2 ** 40],
    ['9'.repeat(400), Number.MAX_VALUE],
  ])('not for ever: %s seconds of %d', async (seconds, timeout) => {
    const headers = { 'retry-after': seconds };
    const { url, requests } = await faultyServer(json({ error: 'full' }, 429, headers), FINE);
    await expect(createClient(url).call('/x', {}, { timeout })).rejects.toMatchObject({
      code: 'RESOURCE_EXHAUSTED',
      retryAfter: Number(seconds) * 1000,
    });
    expect(requests).toHaveLength(1);
  });

  it('not when its caller has left', async () => {
    const leaving = new AbortController();
    const { fetch, client } = outage(REFUSED);
    fetch.mockImplementationOnce(() => {
      setImmediate(() => leaving.abort());
      return Promise.reject(new TypeError('fetch failed', { cause: REFUSED }));
    });
    random(0.5);
    const patient = client({ minDelay: 50_000, maxDelay: 50_000 });
    const call = patient.call('/x', {}, { ...untimed, signal: leaving.signal });
    await expect(call).rejects.toMatchObject({ code: 'CANCELLED' });
    expect(fetch).toHaveBeenCalledTimes(1);
  });

  it('and is told that less time is left', async () => {
    const { url, requests } = await faultyServer(FULL, FINE);
    const client = createClient(url, { retry: { minDelay: 20, maxDelay: 20 }, timeout: 60_000 });
    random(0.999);
    await client.call('/x', {});
    const [first, second] = requests.map(({ headers }) => Number(headers['x-request-timeout-ms']));
    expect(second).toBeLessThan(first!);
  });

  it('and its deadline tells why it was needed', async () => {
    const clock = stopClock();
    const fetch = vi
      .fn((): Promise<Response> => new Promise(() => {}))
      .mockResolvedValueOnce(Response.json({}, { status: 429 }));
    const client = createClient('http://x', { fetch, retry: { minDelay: 0 } });
    const failed = client.call('/x', {}, { timeout: 500 }).catch((error: unknown) => error);
    while (fetch.mock.calls.length < 2) {
      await nextTurn();
      clock.advance(0);
    }
    clock.advance(500);
    expect(await failed).toMatchObject({
      code: 'DEADLINE_EXCEEDED',
      cause: { code: 'RESOURCE_EXHAUSTED' },
    });
  });
});

describe('The budget of retries', () => {
  let now = 0;
  beforeEach(() => {
    now = 0;
    const spy = vi.spyOn(performance, 'now').mockImplementation(() => now);
    onTestFinished(() => void spy.mockRestore());
    skipWaits();
  });

  async function calls(
    client: Client<Record<string, EndpointTypes>>,
    count: number,
  ): Promise<void> {
    const all = Array.from({ length: count }, () => client.call('/x', {}, untimed));
    await Promise.allSettled(all);
  }

  it('is a tenth of the calls, and ten', async () => {
    const { fetch, client } = outage(REFUSED);
    await calls(client(), 200);
    expect(fetch).toHaveBeenCalledTimes(200 + 20 + 10);
  });

  it('comes back with calls', async () => {
    const { fetch, client } = outage(REFUSED);
    const one = client({ limit: 1 });
    await calls(one, 100);
    fetch.mockClear();
    for (let n = 0; n < 100; n++) await calls(one, 1);
    expect(fetch).toHaveBeenCalledTimes(110);
  });

  it('and with time', async () => {
    const { fetch, client } = outage(REFUSED);
    const one = client({ limit: 1, budget: { ratio: 0 } });
    await calls(one, 100);
    expect(fetch).toHaveBeenCalledTimes(110);
    now += 5_000;
    await calls(one, 100);
    expect(fetch).toHaveBeenCalledTimes(110 + 105);
    now += 3_600_000;
    await calls(one, 100);
    expect(fetch).toHaveBeenCalledTimes(110 + 105 + 110);
  });

  it('does not grow without bounds in good times', async () => {
    const { fetch, client } = outage(REFUSED);
    const one = client({ limit: 1 });
    for (let n = 0; n < 5000; n++) {
      fetch.mockResolvedValueOnce(Response.json(n) as never);
      await one.call('/x', {}, untimed);
    }
    fetch.mockReset();
    fetch.mockRejectedValue(new TypeError('fetch failed', { cause: REFUSED }));
    await calls(one, 1000);
    expect(fetch).toHaveBeenCalledTimes(1000 + 60);
  });

  it('is what the client is given', async () => {
    const { fetch, client } = outage(REFUSED);
    await calls(client({ budget: { ratio: 0.5, minimum: 0 } }), 100);
    expect(fetch).toHaveBeenCalledTimes(150);
  });
});

describe.each(ADAPTERS)('With an app on %s', (adapter) => {
  it('a call that found the queue full is answered later', async () => {
    const held = new HeldModel();
    @ModelEndpoint('/one', undefined, { maxConcurrency: 1, maxQueue: 0 })
    class One {
      predict(input: object, context: PredictContext) {
        return held.one(input, context);
      }
    }
    const { url } = await startApp(adapter, { controllers: [One] });
    let refused!: () => void;
    const refusal = new Promise<void>((resolve) => (refused = resolve));
    const client = createClient(url, {
      fetch: async (to, init) => {
        const response = await fetch(to, init);
        if (response.status === 429) refused();
        return response;
      },
    });
    const first = client.call('/one', { n: 1 });
    const run = await held.run(0);
    const second = client.call('/one', { n: 2 });
    await refusal;
    run.resolve({ n: 1 });
    (await held.run(1)).resolve({ n: 2 });
    expect(await Promise.all([first, second])).toEqual([{ n: 1 }, { n: 2 }]);
  });
});
