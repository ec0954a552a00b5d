import { describe, expect, it } from 'vitest';
import { RestartBackoff } from '../../src/serve/restart-backoff.js';

describe('RestartBackoff', () => {
  it('doubles the wait with every death, up to 30 seconds', () => {
    const backoff = new RestartBackoff();
    const delays = Array.from({ length: 10 }, () => backoff.afterDeath(1000));
    expect(delays).toEqual([100, 200, 400, 800, 1600, 3200, 6400, 12_800, 25_600, 30_000]);
  });

  it('starts anew after a process that was ready for a minute', () => {
    const backoff = new RestartBackoff();
    backoff.afterDeath(1000);
    backoff.afterDeath(1000);
    expect(backoff.afterDeath(60_000)).toBe(100);
  });

  it('gives up after three deaths in a row before ever being ready', () => {
    const backoff = new RestartBackoff();
    for (let i = 0; i < 2; i++) expect(backoff.afterDeath(undefined)).toBeDefined();
    backoff.afterDeath(10);
    for (let i = 0; i < 2; i++) expect(backoff.afterDeath(undefined)).toBeDefined();
    expect(backoff.afterDeath(undefined)).toBeUndefined();
  });

  it('waits ever longer where it is to persevere', () => {
    const backoff = new RestartBackoff();
    const delays = Array.from({ length: 5 }, () => backoff.afterDeath(undefined, true));
    expect(delays).toEqual([100, 200, 400, 800, 1600]);
    expect(backoff.hopeless).toBe(true);
  });
});
