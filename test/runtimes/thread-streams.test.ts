import { Injectable } from '@nestjs/common';
import { ModelEndpoint, type PredictContext } from 'nestjs-model-serving';
import { ThreadedModel } from 'nestjs-model-serving/threads';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ADAPTERS, startApp } from '../serving-app.js';
import { eventsOf, StreamClient } from '../stream/client.js';

interface Input {
  to: number;
  fail?: number;
  wait?: boolean;
  exit?: boolean;
}

let state: Int32Array;

@Injectable()
class Counting extends ThreadedModel<Input, { n: number }> {
  constructor(file = 'counting.mjs') {
    super(new URL(`./fixtures/${file}`, import.meta.url), { maxThreads: 1, workerData: state });
  }
}

async function all<T>(items: AsyncIterable<T>): Promise<T[]> {
  const found: T[] = [];
  for await (const item of items) found.push(item);
  return found;
}

const made = () => Atomics.load(state, 0);
const ended = () => Atomics.load(state, 1);

describe('A stream from a thread', () => {
  let model: Counting;
  beforeEach(async () => {
    state = new Int32Array(new SharedArrayBuffer(8));
    model = new Counting();
    await model.load();
  });
  afterEach(() => model.close());

  it('gives what is yielded, each item when it is asked for', async () => {
    const items = model.stream({ to: 3 });
    expect(made()).toBe(0);
    for (const n of [0, 1, 2]) {
      expect(await items.next()).toEqual({ done: false, value: { n, thread: 'other' } });
      // Another call could not pass: it keeps its thread, and makes nothing meanwhile.
      expect(made()).toBe(n + 1);
    }
    expect(await items.next()).toEqual({ done: true, value: undefined });
    expect(ended()).toBe(1);
  });

  it('ends where no more is asked for, and its finally runs', async () => {
    for await (const { n } of model.stream({ to: 1_000_000 })) if (n === 2) break;
    expect([made(), ended()]).toEqual([3, 1]);
    // The thread is free again.
    expect(await all(model.stream({ to: 2 }))).toHaveLength(2);
  });

  it('fails as it does in its thread', async () => {
    const items = model.stream({ to: 3, fail: 1 });
    await items.next();
    await expect(items.next()).rejects.toMatchObject({
      name: 'RangeError',
      message: 'out of range',
    });
    expect(ended()).toBe(1);
    expect(await all(model.stream({ to: 2 }))).toHaveLength(2);
  });

  it('ends with its thread where its signal is aborted while it works', async () => {
    const controller = new AbortController();
    const items = model.stream({ to: 1, wait: true }, { signal: controller.signal });
    await items.next();
    const next = items.next();
    controller.abort(new Error('enough'));
    await expect(next).rejects.toThrow('enough');
    expect(await all(model.stream({ to: 2 }))).toHaveLength(2);
  });

  it('fails where its thread dies between two items', async () => {
    const items = model.stream({ to: 1, exit: true });
    await items.next();
    await expect(items.next()).rejects.toThrow(/a worker thread failed/);
    expect(await all(model.stream({ to: 2 }))).toHaveLength(2);
  });

  it('ends without it where its signal is aborted between two items', async () => {
    const controller = new AbortController();
    const items = model.stream({ to: 5 }, { signal: controller.signal });
    await items.next();
    controller.abort(new Error('enough'));
    await expect(items.next()).rejects.toThrow('enough');
    expect([made(), ended()]).toEqual([1, 1]);
  });

  it('waits for a thread, as a call does', async () => {
    const first = model.stream({ to: 2 });
    await first.next();
    const second = model.stream({ to: 1 }).next();
    await first.next();
    expect(made()).toBe(2);
    await first.return();
    expect(await second).toMatchObject({ value: { n: 0 } });
  });

  it('is refused where the module makes none', async () => {
    const other = new Counting('upper-case.cjs');
    await other.load();
    await expect(other.stream('text' as never).next()).rejects.toThrow(/expected .* generator/);
    await other.close();
  });
});

describe.each(ADAPTERS)('A stream from a thread on %s', (adapter) => {
  @ModelEndpoint('/count', undefined, { stream: true, maxConcurrency: 1 })
  class Endpoint {
    constructor(private readonly model: Counting) {}

    predict(input: Input, { signal }: PredictContext) {
      return this.model.stream(input, { signal });
    }
  }

  it('comes out as one here, and ends as its client leaves', async () => {
    state = new Int32Array(new SharedArrayBuffer(8));
    const provider = { provide: Counting, useFactory: () => new Counting() };
    const app = await startApp(adapter, { controllers: [Endpoint], providers: [provider] });
    const whole = await app.post('/count', { to: 2 });
    expect(eventsOf(whole.body).map(({ data }) => JSON.parse(data).n)).toEqual([0, 1, undefined]);
    const client = await StreamClient.open(`${app.url}/count`, { to: 1, wait: true });
    await client.until(({ events }) => events.length === 1);
    client.leave();
    expect(eventsOf((await app.post('/count', { to: 1 })).body)).toHaveLength(2);
  });
});
