import { AsyncResource } from 'node:async_hooks';
import type { PredictContext } from './task.js';

/**
 * One signal for a whole batch: aborted when the last of its members is gone. Each context's own
 * signal tells of its own request only, and must not end the work that the others wait for.
 *
 * @example
 * ```ts
 * predict(inputs: Features[], contexts: PredictContext[]) {
 *   return this.model.run(stack(inputs), { signal: batchSignal(contexts) });
 * }
 * ```
 */
export function batchSignal(contexts: readonly PredictContext[]): AbortSignal {
  const controller = new AbortController();
  const scope = new AsyncResource('ModelServingBatchSignal');
  let left = contexts.length;
  for (const { signal } of contexts) {
    const memberGone = () => {
      if (--left === 0) scope.runInAsyncScope(() => controller.abort(signal.reason));
    };
    if (signal.aborted) memberGone();
    else signal.addEventListener('abort', memberGone, { once: true });
  }
  return controller.signal;
}
