import { CancellableTask, type PredictContext } from '../../src/execution/index.js';

/** A call without a transport. */
export class TestTask extends CancellableTask {
  readonly context: PredictContext;

  constructor(
    readonly input: unknown,
    timeout: number,
    requestId = 'leader',
  ) {
    super(performance.now() + timeout);
    const log = { error: () => {}, warn: () => {}, log: () => {}, debug: () => {} };
    const own = (): AbortSignal => this.signal;
    this.context = {
      requestId,
      deadline: Math.round(performance.timeOrigin + this.deadline),
      params: {},
      query: {},
      progress: () => undefined,
      run: (fn) => this.inContext(fn),
      headers: { 'accept-language': 'de' },
      log,
      get signal() {
        return own();
      },
    };
  }
}
