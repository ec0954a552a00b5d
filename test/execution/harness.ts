import { ServingError } from '../../src/errors/index.js';
import {
  CancellableTask,
  createExecutor,
  type BatchOptions,
  type BatchReason,
  type ExecutionOptions,
  type Executor,
  type Predict,
  type PredictContext,
} from '../../src/execution/index.js';

const log = { error() {}, warn() {}, log() {}, debug() {} };

export class TestTask extends CancellableTask {
  readonly context: PredictContext;

  constructor(
    readonly input: unknown,
    timeout = 30_000,
  ) {
    super(performance.now() + timeout);
    const signal = () => this.signal;
    this.context = {
      get signal() {
        return signal();
      },
      requestId: String(input),
      deadline: Date.now() + timeout,
      headers: {},
      params: {},
      query: {},
      progress: () => undefined,
      run: (fn) => this.inContext(fn),
      log,
    };
  }
}

export const model = { name: 'model' };

/** One run of a {@link DeferredHandler}: what it was given, and the way to end it. */
export interface Run {
  readonly input: unknown;
  readonly inputs: unknown[];
  readonly contexts: PredictContext[];
  readonly receiver: object;
  resolve(value: unknown): void;
  reject(error: unknown): void;
}

/** A handler whose every run waits for the test to end it. */
export class DeferredHandler {
  readonly runs: Run[] = [];

  readonly predict: Predict = recordedBy(this.runs);

  run(index: number): Run {
    const run = this.runs[index];
    if (!run) throw new Error(`There is no run ${index}`);
    return run;
  }

  /** The inputs of each run so far. */
  get inputs(): unknown[] {
    return this.runs.map(({ input }) => input);
  }
}

function recordedBy(runs: Run[]): Predict {
  return function predict(input, context) {
    return new Promise((resolve, reject) => {
      runs.push({
        input,
        inputs: input as unknown[],
        contexts: context as unknown as PredictContext[],
        receiver: this,
        resolve,
        reject,
      });
    });
  };
}

/** Remembers what an executor told of itself. */
export class Observations {
  readonly waits: number[] = [];
  readonly runs: number[] = [];
  readonly batches: number[] = [];
  readonly reasons: BatchReason[] = [];
  queued(ms: number): void {
    this.waits.push(ms);
  }
  inferred(ms: number): void {
    this.runs.push(ms);
  }
  batched(size: number, reason: BatchReason): void {
    this.batches.push(size);
    this.reasons.push(reason);
  }
}

type Options = Omit<Partial<ExecutionOptions>, 'batch'> & { batch?: Partial<BatchOptions> };

export function executorOf(
  predict: Predict,
  { batch, ...options }: Options = {},
  observer = new Observations(),
): Executor {
  return createExecutor(
    predict,
    {
      maxConcurrency: batch ? 1 : 128,
      maxQueue: 1024,
      onBatchError: 'isolate',
      ...options,
      batch: batch && { maxSize: 32, maxDelay: 0, ...batch },
    },
    observer,
  );
}

/** The outcome of a run, whichever way it is told: its value, or the error it failed with. */
export async function outcome(executor: Executor, task: TestTask): Promise<unknown> {
  try {
    return await executor.run(task, model);
  } catch (error) {
    return error;
  }
}

export const gone = () => new ServingError('Cancelled', 'Client went away');

/** Lets everything that is ready run: promise callbacks, however deep, but no timers. */
export const settle = () => new Promise<void>((resolve) => setImmediate(resolve));
