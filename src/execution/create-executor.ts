import { BatchExecutor } from './batch-executor.js';
import type {
  BatchPredict,
  ExecutionObserver,
  ExecutionOptions,
  Executor,
  Predict,
} from './executor.js';
import { SingleExecutor } from './single-executor.js';

/** Makes an endpoint's executor: a batching one where the options say so. */
export function createExecutor(
  predict: Predict,
  options: ExecutionOptions,
  observer: ExecutionObserver,
): Executor {
  const { batch } = options;
  return batch === undefined
    ? new SingleExecutor(predict, options, observer)
    : new BatchExecutor(predict as unknown as BatchPredict, { ...options, batch }, observer);
}
