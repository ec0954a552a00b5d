import { Controller } from '@nestjs/common';
import { InvalidRequest, ModelEndpoint } from 'nestjs-model-serving';
import { register } from 'prom-client';
import { beforeEach, describe, expect, it } from 'vitest';
import { deferred, type Deferred } from '../endpoint/deferred.js';
import { openSocket } from '../http/raw-request.js';
import { ADAPTERS, startApp } from '../serving-app.js';
import { scrape, scrapeAtRest, scrapeWhen } from './scrape.js';

let gates: Deferred<void>[] = [];
let keys = 0;
beforeEach(() => {
  gates = [];
  keys = 0;
  register.clear();
});

async function pass(input: object): Promise<object> {
  const gate = deferred();
  gates.push(gate);
  await gate.promise;
  if ('fail' in input) throw new InvalidRequest('no');
  return {};
}

async function openAll(): Promise<void> {
  for (const gate of gates) gate.resolve();
}

/** One key for all, which tells when a request is about to join a run or to start one. */
function sameKey(): string {
  keys++;
  return 'same';
}

@Controller()
class Models {
  @ModelEndpoint('/single', undefined, { maxConcurrency: 2, maxQueue: 10 })
  single(input: object) {
    return pass(input);
  }

  @ModelEndpoint('/batched', undefined, { batch: { maxSize: 4, sizeOf: ({ n }) => n ?? 1 } })
  async batched(inputs: object[]) {
    await pass({});
    return inputs.map((input) => ('fail' in input ? new InvalidRequest('no') : {}));
  }

  @ModelEndpoint('/cached', undefined, { cache: { key: sameKey } })
  cached(input: object) {
    return pass(input);
  }
}

describe.each(ADAPTERS)('levels and durations on %s', (adapter) => {
  it('of an endpoint: what is in flight and what waits, up and down again', async () => {
    const app = await startApp(adapter, { controllers: [Models] });
    const endpoint = '/single';
    const level = (inFlight: number, queued: number) =>
      scrapeWhen(app, (found) => {
        expect(found.sum('model_serving_in_flight', { endpoint })).toBe(inFlight);
        expect(found.sum('model_serving_queue_depth', { endpoint })).toBe(queued);
      });
    const requests = [app.post('/single', {}), app.post('/single', { fail: true })];
    await level(2, 0);
    requests.push(app.post('/single', {}), app.post('/single', {}), app.post('/single', {}));
    const found = await level(5, 3);
    // Of this endpoint only, and nothing is counted before it has ended.
    expect(found.sum('model_serving_in_flight')).toBe(5);
    expect(found.outcomes(endpoint)).toEqual({});
    expect(found.sum('model_serving_inference_duration_seconds_count')).toBe(0);
    expect(found.sum('model_serving_queue_duration_seconds_count', { endpoint })).toBe(2);
    gates[0]!.resolve();
    await requests[0];
    await level(4, 2);
    gates[1]!.resolve();
    await level(3, 1);
    await expect.poll(() => gates.length).toBe(4);
    await openAll();
    await expect.poll(() => gates.length).toBe(5);
    await openAll();
    await Promise.all(requests);
    const end = await level(0, 0);
    expect(end.sum('model_serving_inference_duration_seconds_count', { endpoint })).toBe(5);
    expect(end.sum('model_serving_queue_duration_seconds_count', { endpoint })).toBe(5);
    expect(end.sum('model_serving_batch_size_count', { endpoint })).toBe(0);
    expect(end.outcomes(endpoint)).toEqual({ ok: 4, invalid: 1 });
  });

  it('of clients that leave, whether they run or wait', async () => {
    const app = await startApp(adapter, { controllers: [Models] });
    const sockets = [];
    for (let n = 0; n < 5; n++) {
      const socket = await openSocket(app.url);
      socket.write('POST /single HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\n\r\n{}');
      sockets.push(socket);
    }
    await scrapeWhen(app, (found) => expect(found.sum('model_serving_queue_depth')).toBe(3));
    for (const socket of sockets) socket.destroy();
    const found = await scrapeAtRest(app);
    expect(found.sum('model_serving_queue_depth')).toBe(0);
    expect(found.outcomes('/single')).toEqual({ cancelled: 5 });
    // Those that waited were never started.
    expect(gates).toHaveLength(2);
    await openAll();
    await scrapeWhen(app, (later) =>
      expect(later.sum('model_serving_inference_duration_seconds_count')).toBe(2),
    );
  });

  it('of batches: one run for several requests, and their number', async () => {
    const app = await startApp(adapter, { controllers: [Models] });
    const endpoint = '/batched';
    const requests = [app.post('/batched', {})];
    await expect.poll(() => gates.length).toBe(1);
    for (const body of [{}, { n: 2 }, { fail: true }, { n: 4 }])
      requests.push(app.post('/batched', body));
    const waiting = await scrapeWhen(app, (found) =>
      expect(found.sum('model_serving_queue_depth', { endpoint })).toBe(4),
    );
    expect(waiting.sum('model_serving_in_flight', { endpoint })).toBe(5);
    const all = Promise.all(requests);
    let answered = false;
    void all.then(() => (answered = true));
    await expect.poll(() => openAll().then(() => answered)).toBe(true);
    const found = await scrapeAtRest(app);
    expect(found.outcomes(endpoint)).toEqual({ ok: 4, invalid: 1 });
    const runs = gates.length;
    expect(runs).toBeLessThan(5);
    const ofBatch = { endpoint };
    expect(found.sum('model_serving_inference_duration_seconds_count', ofBatch)).toBe(runs);
    expect(found.sum('model_serving_batch_size_count', ofBatch)).toBe(runs);
    // In items, as maxSize is: one request counts for two, one for four.
    expect(found.sum('model_serving_batch_size_sum', ofBatch)).toBe(9);
    expect(found.sum('model_serving_batch_size_bucket', { ...ofBatch, le: '4' })).toBe(runs);
    expect(found.sum('model_serving_queue_duration_seconds_count', ofBatch)).toBe(5);
    expect(found.sum('model_serving_queue_depth')).toBe(0);
  });

  it('in seconds: of the request, of its wait and of the run', async () => {
    const app = await startApp(adapter, { controllers: [Models] });
    const first = [app.post('/single', {}), app.post('/single', {})];
    await expect.poll(() => gates.length).toBe(2);
    const waiting = app.post('/single', {});
    await scrapeWhen(app, (found) => expect(found.sum('model_serving_queue_depth')).toBe(1));
    const begun = performance.now();
    await new Promise((resolve) => setTimeout(resolve, 60));
    const held = (performance.now() - begun) / 1000;
    await openAll();
    await expect.poll(() => gates.length).toBe(3);
    await openAll();
    await Promise.all([...first, waiting]);
    const found = await scrapeAtRest(app);
    const seconds = (name: string) => found.sum(`model_serving_${name}_duration_seconds_sum`);
    // Two ran while one waited; each was in flight for at least as long.
    expect(seconds('inference')).toBeGreaterThanOrEqual(2 * held);
    expect(seconds('queue')).toBeGreaterThanOrEqual(held);
    expect(seconds('request')).toBeGreaterThanOrEqual(
      seconds('inference') + seconds('queue') - 0.01,
    );
    expect(seconds('request')).toBeLessThan(60);
  });

  it('of cached endpoints: a hit and a shared run are no inference', async () => {
    const app = await startApp(adapter, { controllers: [Models] });
    const requests = [app.post('/cached', {}), app.post('/cached', {}), app.post('/cached', {})];
    await expect.poll(() => keys).toBe(3);
    const held = await scrape(app);
    expect(held.sum('model_serving_in_flight', { endpoint: '/cached' })).toBe(3);
    await openAll();
    await Promise.all(requests);
    await app.post('/cached', {});
    const found = await scrapeAtRest(app);
    expect(found.outcomes('/cached')).toEqual({ ok: 4 });
    expect(found.lookups('/cached')).toEqual({ miss: 1, coalesced: 2, hit: 1 });
    expect(found.sum('model_serving_inference_duration_seconds_count')).toBe(1);
    expect(found.sum('model_serving_queue_duration_seconds_count')).toBe(1);
  });

  it('vanish with their app', async () => {
    const app = await startApp(adapter, { controllers: [Models] });
    await scrape(app);
    await app.close();
    const text = await register.getSingleMetricAsString('model_serving_in_flight');
    expect(text).not.toContain('endpoint=');
  });
});
