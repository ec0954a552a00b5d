import { ModelEndpoint } from 'nestjs-model-serving';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startRedis, type RedisServer } from '../redis-server.js';
import { ADAPTERS } from '../serving-app.js';
import { apart, locationOf, startJobs } from './job-app.js';

let redis: RedisServer;
beforeAll(async () => {
  redis = await startRedis();
});
afterAll(() => redis.stop());

@ModelEndpoint('/double', undefined, { jobs: true })
class Doubler {
  predict({ x }: { x: number }) {
    return { x: 2 * x };
  }
}

describe.each(ADAPTERS)('on %s', (adapter) => {
  describe.each(['Redis', 'memory'] as const)('jobs in %s', (keeper) => {
    const options = () => apart(keeper === 'memory' ? 'memory' : redis.url);

    it('takes a call, runs it, and gives its result', async () => {
      const { submit, ended, request } = await startJobs(
        adapter,
        { controllers: [Doubler] },
        options(),
      );
      const taken = await submit('/double', { x: 21 });
      expect(taken.status).toBe(202);
      const location = locationOf(taken);
      expect(location).toMatch(/^\/double\/jobs\/[0-9a-f]{32}$/);
      expect(await ended(location)).toMatchObject({ state: 'succeeded', attempts: 1 });
      const result = await request('GET', `${location}/result`);
      expect(result.status).toBe(200);
      expect(result.body).toEqual({ x: 42 });
    });
  });
});
