import { BatchExecutor } from './batch-executor.js';
import type { BatchTracer } from './batch-tracer.js';
import type {
  BatchPredict,
  ExecutionObserver,
  ExecutionOptions,
  Executor,
  Predict,
  Start,
} from './executor.js';
import { pump } from './pump.js';
import { SingleExecutor } from './single-executor.js';

/** Makes an endpoint's executor: a batching one, or one of streams, where the options say so. */
export function createExecutor(
  predict: Predict,
  options: ExecutionOptions,
  observer: ExecutionObserver,
  tracer?: BatchTracer,
): Executor {
  const { batch, stream = false } = options;
  if (batch !== undefined) {
    const predictBatch = predict as unknown as BatchPredict;
    return new BatchExecutor(predictBatch, { ...options, batch }, observer, tracer);
  }
  const start: Start = (task, receiver) => predict.call(receiver, task.input, task.context);
  const startStream: Start = (task, receiver) => pump(start(task, receiver), task);
  return new SingleExecutor(stream ? startStream : start, options, observer);
}
