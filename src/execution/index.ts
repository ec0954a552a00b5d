export { TaskContext, type TaskOrigin } from './task-context.js';
export { batchSignal } from './batch-signal.js';
export type { BatchTracer, TracedBatch } from './batch-tracer.js';
export { CancellableTask } from './cancellable-task.js';
export { deadlineExceeded, delayUntil, LONGEST_DELAY } from './deadline.js';
export { createExecutor } from './create-executor.js';
export type {
  BatchOptions,
  BatchPredict,
  BatchReason,
  ExecutionObserver,
  ExecutionOptions,
  Executor,
  Predict,
} from './executor.js';
export { isRefusal } from './queue-refusal.js';
export { isQueueFull, RefusalBrake } from './refusal-brake.js';
export { refuseBeyond, TaskGroup } from './task-group.js';
export type { Sink } from './sink.js';
export type { CallLog, PredictContext, Task } from './task.js';
export type { TaskTrace } from './task-trace.js';
