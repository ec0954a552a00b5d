import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setImmediate } from 'node:timers/promises';
import { expect, onTestFinished, test } from 'vitest';
import { LoadTest } from '../../src/bench/load-test.js';
import { namedRates } from '../../src/bench/rates.js';
import { stopClock } from '../stopped-clock.js';

test('a request that goes out late counts its lateness', async () => {
  const server = createServer((request, response) => request.resume().on('end', () => response.end()));
  await once(server.listen(0, '127.0.0.1'), 'listening');
  onTestFinished(() => void server.close());
  const url = new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}/x`);

  const clock = stopClock();
  const load = new LoadTest({
    target: { url, headers: {}, bodies: [Buffer.from('{}')] },
    rates: namedRates([10]),
    seconds: 0.5,
    timeout: 1_000,
    within: 1_000,
    connections: 10,
    metrics: url,
  });
  const done = load.run();
  // Not by a poll of Vitest's, which moves the clock.
  const answered = async (count: number) => {
    while (load.progress?.sent !== count || load.progress.underWay > 0) await setImmediate();
  };
  await answered(1);
  // As if something had kept the process busy: it sends three at once, and each is answered at once.
  clock.advance(350);
  await answered(4);
  clock.advance(50);
  await done;
  const [step] = load.steps;
  expect(step).toMatchObject({ requests: 5, good: 5, p50: 50, lateness: 250 });
}); // prettier-ignore
