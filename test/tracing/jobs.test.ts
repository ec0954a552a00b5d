import { Controller } from '@nestjs/common';
import { ModelEndpoint, type PredictContext } from 'nestjs-model-serving';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { apart, locationOf, startJobs } from '../jobs/job-app.js';
import { startRedis, type RedisServer } from '../redis-server.js';
import { ADAPTERS } from '../serving-app.js';
import { expectTraces, inSpan, spans } from './spans.js';

@Controller()
class Models {
  readonly #failed = new Set<string>();

  @ModelEndpoint('/jobs', undefined, { jobs: { attempts: 2 } })
  async predict(input: object, { requestId }: PredictContext) {
    if (!this.#failed.has(requestId)) {
      this.#failed.add(requestId);
      throw new Error('not yet');
    }
    return inSpan('outgoing', () => input);
  }
}

let redis: RedisServer;
beforeAll(async () => {
  redis = await startRedis();
});
afterAll(() => redis.stop());

describe.each(ADAPTERS)('A job on %s', (adapter) => {
  it.each(['memory', 'Redis'])(
    'kept in %s has its runs below what submitted it',
    async (keeper) => {
      const connection = keeper === 'Redis' ? redis.url : 'memory';
      const app = await startJobs(adapter, { controllers: [Models] }, apart(connection));
      const ids = ['a', 'b'];
      for (const id of ids) {
        const location = locationOf(await app.submit('/jobs', {}, { 'x-request-id': id }));
        expect(await app.ended(location)).toMatchObject({ state: 'succeeded', attempts: 2 });
      }
      // Each question how a job is has a span, too.
      const questions = spans().filter(({ name }) => name.startsWith('GET'));
      await expectTraces(
        ...ids.flatMap((id) => [
          'SERVER POST /jobs route=/jobs',
          `  predict ${id} outcome=ok`,
          `  predict ${id} outcome=error error=INTERNAL (started, exception) ERROR`,
          `  predict ${id} outcome=ok (started)`,
          '    outgoing',
        ]),
        ...questions.map(() => 'SERVER GET'),
      );
    },
  );
});
