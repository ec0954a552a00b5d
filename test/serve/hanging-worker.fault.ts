import { expect, it, vi } from 'vitest';
import { Fleet } from './fleet.js';

// A worker hangs when it has missed ten beats; processes take their time to start on a busy machine.
vi.setConfig({ testTimeout: 120_000 });

it('is killed and replaced, and a reload that met it goes on', async () => {
  const fleet = await Fleet.start(2);
  await fleet.printed(/all ready/);
  const client = fleet.ask('/hang', 'POST');
  const [hanging] = await fleet.printed(/hangs (\d+)/);
  fleet.kill('SIGHUP');
  await expect(client).rejects.toThrow();
  await fleet.printed(/no sign of life for \d+ s and is killed/);
  await fleet.printed(/All workers have been replaced/);
  expect(await fleet.pids(4)).not.toContain(Number(hanging![1]));
  fleet.kill('SIGHUP');
  await fleet.printed(/All workers have been replaced/, 2);
  fleet.kill('SIGTERM');
  expect(await fleet.exited).toEqual({ code: 0, signal: null });
});

it('is killed when all are to end, which it does not do by itself', async () => {
  const fleet = await Fleet.start(2);
  await fleet.printed(/all ready/);
  const client = fleet.ask('/hang', 'POST').catch(() => undefined);
  await fleet.printed(/hangs (\d+)/);
  fleet.kill('SIGTERM');
  expect(await fleet.exited).toEqual({ code: 1, signal: null });
  await client;
});
