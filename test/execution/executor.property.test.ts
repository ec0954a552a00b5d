import fc from 'fast-check';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { Oracle, type Action, type End, type Setup } from './oracle.js';

const end = fc.constantFrom<End[]>(
  'ok',
  'throws',
  'odd items fail',
  'too few',
  'too many',
  'nonsense',
);

const action: fc.Arbitrary<Action> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      do: fc.constant('arrive' as const),
      size: fc.oneof(
        { weight: 8, arbitrary: fc.constant(1) },
        { weight: 4, arbitrary: fc.nat({ max: 9 }) },
        { weight: 1, arbitrary: fc.constant('throws' as const) },
      ),
      timeout: fc.oneof(fc.integer({ min: 1, max: 30 }), fc.constant(10_000)),
      ends: fc.oneof(
        { weight: 4, arbitrary: fc.constant('later' as const) },
        { weight: 1, arbitrary: end },
      ),
    }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('cancel' as const), which: fc.nat() }) },
  {
    weight: 4,
    arbitrary: fc.record({ do: fc.constant('end' as const), which: fc.nat(), how: end }),
  },
  {
    weight: 3,
    arbitrary: fc.record({ do: fc.constant('pass' as const), ms: fc.integer({ min: 1, max: 15 }) }),
  },
  { weight: 1, arbitrary: fc.constant({ do: 'cancel all' as const }) },
);

const limits = {
  maxConcurrency: fc.integer({ min: 1, max: 3 }),
  maxQueue: fc.nat({ max: 12 }),
  onBatchError: fc.constantFrom('isolate' as const, 'fail' as const),
};
const plain: fc.Arbitrary<Setup> = fc.record({ ...limits, batch: fc.constant(undefined) });
const batched: fc.Arbitrary<Setup> = fc.record({
  ...limits,
  batch: fc.record({
    maxSize: fc.integer({ min: 1, max: 8 }),
    maxDelay: fc.oneof(fc.constant(0), fc.integer({ min: 1, max: 20 })),
  }),
});

const unhandled: unknown[] = [];
const onUnhandled = (error: unknown) => unhandled.push(error);

beforeEach(() => {
  process.on('unhandledRejection', onUnhandled);
});
afterEach(() => {
  vi.useRealTimers();
  process.off('unhandledRejection', onUnhandled);
  expect(unhandled.splice(0)).toEqual([]);
});

it.each([
  { kind: 'an executor', setups: plain },
  { kind: 'a batching executor', setups: batched },
])(
  '$kind settles every request once and rightly, whatever happens',
  async ({ kind, setups }) => {
    const seen = new Set<string>();
    const runs = fc.asyncProperty(
      setups,
      fc.array(action, { minLength: 1, maxLength: 60, size: 'max' }),
      async (setup, actions) => {
        vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
        const oracle = new Oracle(setup);
        for (const next of actions) await oracle.perform(next);
        await oracle.finish();
        vi.useRealTimers();
        for (const outcome of oracle.outcomes) seen.add(outcome);
      },
    );
    await fc.assert(runs, { numRuns: 200 });
    const outcomes = ['Cancelled', 'DeadlineExceeded', 'QueueFull', 'Unavailable', 'ok', 'throw'];
    if (kind === 'a batching executor') outcomes.push('Internal', 'PayloadTooLarge');
    expect([...seen].sort()).toEqual(outcomes.sort());
  },
  60_000,
);
