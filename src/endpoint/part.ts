import type { PredictContext, TaskGroup } from '../execution/index.js';
import { Call } from './call.js';

/** The call of one of several inputs of a request. It is the request that has arrived, and is counted. */
export class Part extends Call {
  readonly #whole: Call;
  readonly #group: TaskGroup;
  #isAwaited = true;
  /** Its whole has one timer for all of them. */
  readonly isTimedElsewhere = true;

  constructor(whole: Call, group: TaskGroup) {
    super(whole.endpoint, whole.requestId, whole.headers, whole.scope);
    whole.endpoint.departed();
    this.#whole = whole;
    this.#group = group;
    this.deadline = whole.deadline;
    this.receiver = whole.receiver;
    this.trace = whole.trace;
    this.takesValue = true;
    this.underway = true;
  }

  override get params(): PredictContext['params'] {
    return this.#whole.params;
  }

  override get query(): PredictContext['query'] {
    return this.#whole.query;
  }

  /** All of them have that of the whole. */
  override adoptContext(): void {}

  override run(receiver: object): unknown {
    this.#isAwaited = false;
    return this.#group.run(this.task, receiver);
  }

  override standAside(): void {
    if (!this.#isAwaited) return;
    this.#isAwaited = false;
    this.#group.excuse();
  }
}
