import { expect, it, vi } from 'vitest';
import { Fleet } from './fleet.js';

// Processes take their time to start on a busy machine.
vi.setConfig({ testTimeout: 60_000 });

it('with a version that cannot start leaves the old one serving, and says so', async () => {
  const fleet = await Fleet.start(2);
  await fleet.printed(/all ready/);
  const before = new Set(await fleet.pids(4));
  await fleet.under('broken');
  fleet.kill('SIGHUP');
  await fleet.printed(
    /a replacement, ended \(code 1\) before it was ready; worker \d+ goes on serving/,
  );
  await fleet.printed(/The other workers are not replaced/);
  expect(fleet.output).toContain('The new version is broken');
  expect(new Set(await fleet.pids(4))).toEqual(before);
  expect((await fleet.ask('/__ready')).status).toBe(200);

  await fleet.without('broken');
  fleet.kill('SIGHUP');
  await fleet.printed(/All workers have been replaced/);
  for (const pid of await fleet.pids(4)) expect(before).not.toContain(pid);
});

it('during a reload replaces all workers once more', async () => {
  const fleet = await Fleet.start(2);
  await fleet.printed(/all ready/);
  fleet.kill('SIGHUP');
  await fleet.printed(/port \d+ of/, 3);
  fleet.kill('SIGHUP');
  await fleet.printed(/All workers have been replaced/, 2);
  const started = await fleet.printed(/port \d+ of (\d+)/, 6);
  const last = started.slice(4).map(([, pid]) => Number(pid));
  expect(new Set(await fleet.pids(4))).toEqual(new Set(last));
});

it('that is under way when all are to end does not keep them', async () => {
  const fleet = await Fleet.start(2);
  await fleet.printed(/all ready/);
  await fleet.under('endless');
  fleet.kill('SIGHUP');
  await fleet.printed(/starts without end/);
  fleet.kill('SIGTERM');
  expect(await fleet.exited).toEqual({ code: 0, signal: null });
});
