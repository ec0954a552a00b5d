import { once } from 'node:events';
import { gzipSync } from 'node:zlib';
import { Controller } from '@nestjs/common';
import { ModelEndpoint, type PredictContext } from 'nestjs-model-serving';
import { describe, expect, it } from 'vitest';
import { deferred } from '../endpoint/deferred.js';
import { WAYS, startApp, type RunningApp } from '../serving-app.js';
import { CapturedLog } from './captured-log.js';
import { openSocket } from './raw-request.js';

@Controller()
class Model {
  calls = 0;
  started = deferred();
  ended = deferred();

  @ModelEndpoint('/hang', undefined, { maxConcurrency: 1 })
  async hang({ until }: { until?: string }, { signal }: PredictContext) {
    this.calls++;
    this.started.resolve();
    if (until === undefined) await once(signal, 'abort');
    this.ended.resolve();
    return {};
  }
}

/** What the app shows of the one endpoint at `/__metrics`. */
async function metricOf(app: RunningApp, name: string, labels = ''): Promise<number> {
  const { body } = await app.get('/__metrics');
  const lines = (body as string).split('\n').filter((line) => line.startsWith(`${name}{`));
  const line = lines.find((each) => each.includes('endpoint="/hang"') && each.includes(labels));
  return Number(line?.split(' ').at(-1) ?? 0);
}

const cancelled = (app: RunningApp) =>
  metricOf(app, 'model_serving_requests_total', 'outcome="cancelled"');
const closed = (app: RunningApp) =>
  metricOf(app, 'model_serving_request_duration_seconds_count', 'status="499"');
const inFlight = (app: RunningApp) => metricOf(app, 'model_serving_in_flight');
const queued = (app: RunningApp) => metricOf(app, 'model_serving_queue_depth');

/** Does what makes a client go away, and waits for what the app shows of it. */
async function expectCancelled(
  { app, log }: { app: RunningApp; log: CapturedLog },
  id: string,
  goAway: () => void,
): Promise<void> {
  const [outcomes, statuses] = [await cancelled(app), await closed(app)];
  goAway();
  await expect.poll(() => cancelled(app), { interval: 5 }).toBe(outcomes + 1);
  await expect.poll(() => closed(app), { interval: 5 }).toBe(statuses + 1);
  expect(log.lines.some(({ text }) => text.includes(`[${id}]`) && text.includes('499'))).toBe(true);
  expect(log.errors).toEqual([]);
}

const HEAD = (id: string, length: number, more = '') =>
  `POST /hang HTTP/1.1\r\nHost: x\r\nX-Request-Id: ${id}\r\n${more}Content-Length: ${length}\r\n\r\n`;

describe.each(WAYS)('a client that goes away on %s', (adapter) => {
  async function start() {
    const log = new CapturedLog();
    const app = await startApp(adapter, { controllers: [Model], setUp: log.attach });
    return { app, log, model: app.app.get(Model) };
  }

  it.each([
    ['sends', '', '{"text":'],
    ['sends something compressed', 'Content-Encoding: gzip\r\n', gzipSync('{}').subarray(0, 10)],
  ])('while it %s is counted and logged, and predict is not called', async (_, header, part) => {
    const parts = await start();
    const socket = await openSocket(parts.app.url);
    socket.write(HEAD('r1', 1_000, header));
    socket.write(part);
    await expect.poll(() => inFlight(parts.app), { interval: 5 }).toBe(1);
    await expectCancelled(parts, 'r1', () => socket.destroy());
    expect(await inFlight(parts.app)).toBe(0);
    expect(parts.model.calls).toBe(0);
  });

  it('while predict runs is counted and logged, and predict is told', async () => {
    const parts = await start();
    const socket = await openSocket(parts.app.url);
    socket.write(`${HEAD('r2', 2)}{}`);
    await parts.model.started.promise;
    await expectCancelled(parts, 'r2', () => socket.destroy());
    await parts.model.ended.promise;
    expect((await parts.app.post('/hang', { until: 'now' })).status).toBe(200);
  });

  it('while it waits is counted and logged, and predict is not called', async () => {
    const parts = await start();
    const running = await openSocket(parts.app.url);
    running.write(`${HEAD('r3', 2)}{}`);
    await parts.model.started.promise;
    const waiting = await openSocket(parts.app.url);
    waiting.write(`${HEAD('r4', 2)}{}`);
    await expect.poll(() => queued(parts.app), { interval: 5 }).toBe(1);
    await expectCancelled(parts, 'r4', () => waiting.destroy());
    expect(await queued(parts.app)).toBe(0);
    await expectCancelled(parts, 'r3', () => running.destroy());
    expect((await parts.app.post('/hang', { until: 'now' })).status).toBe(200);
    expect(parts.model.calls).toBe(2);
  });
});
