import { expect, it } from 'vitest';
import { MemoryStore } from '../../src/jobs/memory-store.js';
import { stopClock } from '../stopped-clock.js';

const endpoint = {
  queue: '/q',
  attempts: 1,
  timeout: 1_000,
  maxWaiting: 1,
  resultTtl: 500,
  onEnd() {},
};
const request = { requestId: 'r', url: '/q', headers: {}, params: {}, query: {} };

function job(id: string) {
  const body = Buffer.alloc(0);
  return { id, scope: 's', request, body, key: id, digest: 'd' };
}

it('Jobs in memory that nobody runs are forgotten, as those in Redis are', async () => {
  const clock = stopClock();
  const store = new MemoryStore(endpoint);
  expect((await store.submit(job('one'))).kind).toBe('taken');
  expect((await store.submit(job('two'))).kind).toBe('full');
  clock.advance(1_001);
  expect((await store.submit(job('two'))).kind).toBe('taken');
  clock.advance(498);
  expect(await store.find('one')).toMatchObject({ state: 'queued' });
  clock.advance(1);
  expect(await store.find('one')).toBeUndefined();
  expect((await store.submit(job('one'))).kind).toBe('full');
  expect((await store.levels()).counts.queued).toBe(1);
  clock.advance(1_001);
  expect((await store.levels()).counts.queued).toBe(0);
});
