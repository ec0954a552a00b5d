import { AsyncResource } from 'node:async_hooks';
import { disregard, ServingError } from '../errors/index.js';
import type { BatchPredict } from './executor.js';
import { follow, isPending, isThenable } from './pending.js';
import type { Settlement } from './settlement.js';

/** One run of a batched handler: its members, and what happens when none of them is left. */
export class Batch {
  #left: number;
  #stop: (() => void) | undefined;
  readonly #scope = new AsyncResource('ModelServingBatch');

  constructor(readonly members: readonly Settlement[]) {
    this.#left = members.filter(({ settled }) => !settled).length;
    const memberGone = () => {
      if (--this.#left === 0 && this.#stop) this.#scope.runInAsyncScope(this.#stop);
    };
    for (const member of members) member.onGone = memberGone;
  }

  /** Runs the handler once: an answer for each member, a {@link Failure} where it has failed. */
  run(predict: BatchPredict): Promise<unknown[]> {
    const { members } = this;
    return this.answers(
      predict.call(
        members[0]!.receiver,
        members.map(({ task }) => task.input),
        members.map(({ task }) => task.context),
      ),
    );
  }

  /** What the handler's return value means for each member, once it is there. */
  async answers(returned: unknown): Promise<unknown[]> {
    const results = isPending(returned) ? await this.#settled(returned) : returned;
    return (
      answersAtOnce(results, this.members.length) ?? answersInTime(results as ArrayLike<unknown>)
    );
  }

  #settled(pending: Parameters<typeof follow>[0]): Promise<unknown> {
    const { value, stop } = follow(pending);
    this.#stop = stop;
    if (this.#left === 0) stop();
    return value;
  }
}

/** An answer that fails its own request only. */
export class Failure {
  constructor(readonly error: unknown) {}
}

/** Gives the members, as many as there are answers, theirs. */
export function settle(members: readonly Settlement[], answers: readonly unknown[]): void {
  const now = performance.now();
  for (const [index, answer] of answers.entries()) {
    if (answer instanceof Failure) members[index]!.reject(answer.error, now);
    else members[index]!.resolve(answer, now);
  }
}

/**
 * What `returned` means for each of `count` requests; `undefined` where that is not known yet, as it
 * is a promise or an array that has some.
 */
export function answersAtOnce(returned: unknown, count: number): unknown[] | undefined {
  if (isPending(returned)) return undefined;
  if (!isList(returned) || returned.length !== count) {
    if (isList(returned)) Array.from(returned).filter(isThenable).forEach(disregard);
    const wrong = new ServingError(
      'Internal',
      `A batch of ${count} got ${isList(returned) ? `${returned.length} results` : describe(returned)}, ` +
        `expected an array of ${count} results`,
    );
    return Array.from({ length: count }, () => new Failure(wrong));
  }
  const answers: unknown[] = [];
  for (let index = 0; index < count; index++) {
    const answer = asAnswer(returned[index]);
    if (isThenable(answer)) return undefined;
    answers.push(answer);
  }
  return answers;
}

function isList(value: unknown): value is ArrayLike<unknown> {
  return Array.isArray(value) || (ArrayBuffer.isView(value) && !(value instanceof DataView));
}

/** One result may be a promise of its own, as `inputs.map(async …)` makes them. */
function answersInTime(results: ArrayLike<unknown>): Promise<unknown[]> {
  return Promise.all(
    Array.from(results, (result) =>
      isThenable(result)
        ? Promise.resolve(result).then(asAnswer, (error: unknown) => new Failure(error))
        : asAnswer(result),
    ),
  );
}

function asAnswer(result: unknown): unknown {
  return result instanceof Error ? new Failure(result) : result;
}

function describe(value: unknown): string {
  if (value === null || value === undefined) return String(value);
  return typeof value === 'object' ? 'an object that is no array' : `a ${typeof value}`;
}
