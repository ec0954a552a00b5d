import { expect, it, vi } from 'vitest';
import { Fleet } from './fleet.js';

// Processes take their time to start on a busy machine.
vi.setConfig({ testTimeout: 60_000 });

it('is ready, less is not, and every worker and the metric say the same', async () => {
  const fleet = await Fleet.start(2);
  await fleet.printed(/all ready/);
  expect(await told(fleet)).toEqual({ status: 200, metric: '1', ready: 2 });

  // One request a worker: its only slot is held for good.
  expect((await fleet.ask('/stuck', 'POST')).status).toBe(504);
  await vi.waitUntil(async () => (await told(fleet)).ready === 1, { timeout: 30_000 });
  expect(await told(fleet)).toEqual({ status: 200, metric: '1', ready: 1 });
  const bodies = [await ready(fleet), await ready(fleet)].map(({ body }) => body);
  expect(bodies.map(({ endpoints }) => endpoints['/stuck']!.stalled).sort()).toEqual([
    true,
    undefined,
  ]);

  while ((await told(fleet)).ready === 1) await fleet.ask('/stuck', 'POST');
  expect(await told(fleet)).toEqual({ status: 503, metric: '0', ready: 0 });
  await fleet.printed(/\/stuck is stalled: each of its slots/, 2);
});

it('is not ready before all workers have been', async () => {
  const fleet = await Fleet.start(2, 'single');
  const port = await fleet.port();
  expect(port).toBeGreaterThan(0);
  // Beyond the three attempts after which a program of which nobody serves would end.
  await fleet.printed(/ended with code 1; another starts in 400 ms/);
  expect(await told(fleet)).toEqual({ status: 503, metric: '0', ready: 1 });
  await fleet.without('single');
  await fleet.printed(/all ready/);
  expect(await told(fleet)).toEqual({ status: 200, metric: '1', ready: 2 });
});

async function ready(fleet: Fleet) {
  const { status, text } = await fleet.ask('/__ready');
  const body = JSON.parse(text) as {
    ready: boolean;
    endpoints: Record<string, { stalled?: true }>;
    workers: { ready: number; total: number };
  };
  return { status, body };
}

/** What a worker says, and the metric of all. */
async function told(fleet: Fleet) {
  const { status, body } = await ready(fleet);
  expect(body.ready).toBe(status === 200);
  const { text } = await fleet.ask('/__metrics');
  const metric = /^model_serving_ready (\d)$/m.exec(text)?.[1];
  return { status, metric, ready: body.workers.ready };
}
