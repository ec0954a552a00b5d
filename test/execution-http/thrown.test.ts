import { ModelEndpoint } from 'nestjs-model-serving';
import { describe, expect, it } from 'vitest';
import { CapturedLog } from '../http/captured-log.js';
import { ADAPTERS, startApp } from '../serving-app.js';
import { levelsAre } from './levels.js';

/** What a handler may throw that is no ordinary error. */
const THROWN: Record<string, () => unknown> = {
  undefined: () => undefined,
  null: () => null,
  text: () => 'A secret of the model',
  symbol: () => Symbol('secret'),
  'bare object': () => Object.create(null) as unknown,
  'error without a stack': () => Object.assign(new Error('secret'), { stack: undefined }),
  'error with itself as its cause': () => {
    const error = new Error('secret');
    error.cause = error;
    return error;
  },
};

@ModelEndpoint('/throws')
class Throws {
  predict({ what, how }: { what: string; how: string }): unknown {
    const thrown = THROWN[what]!();
    if (how === 'rejects') return Promise.reject(thrown);
    throw thrown;
  }
}

@ModelEndpoint('/throws-batched', undefined, { batch: {} })
class ThrowsBatched {
  predict(inputs: { what: string }[]): Promise<never> {
    return Promise.reject(THROWN[inputs[0]!.what]!());
  }
}

describe.each(ADAPTERS)('A handler on %s', (adapter) => {
  it.each(Object.keys(THROWN))(
    'may throw what it likes, as %s: 500, and it is logged',
    async (what) => {
      const log = new CapturedLog();
      const app = await startApp(adapter, {
        controllers: [Throws, ThrowsBatched],
        setUp: log.attach,
      });
      for (const [path, how] of [
        ['/throws', 'throws'],
        ['/throws', 'rejects'],
        ['/throws-batched', 'rejects'],
      ] as const) {
        const answer = await app.post(path, { what, how });
        expect(answer).toMatchObject({
          status: 500,
          body: { error: 'Internal server error', code: 'INTERNAL' },
        });
        expect(answer.body.requestId).toBe(answer.headers.get('x-request-id'));
        expect(log.errors.some((text) => text.includes(answer.body.requestId))).toBe(true);
      }
      await levelsAre(app, { in_flight: 0, queue_depth: 0 });
    },
  );
});
