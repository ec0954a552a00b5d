import { ServingError } from '../errors/index.js';
import type { BatchPredict } from './executor.js';
import { follow, isPending, isThenable } from './pending.js';
import type { Settlement } from './settlement.js';

/** One run of a batched handler: its members, and what happens when none of them is left. */
export class Batch {
  #left: number;
  #stop: (() => void) | undefined;

  constructor(readonly members: readonly Settlement[]) {
    this.#left = members.length;
    const memberGone = () => {
      if (--this.#left === 0) this.#stop?.();
    };
    for (const member of members) member.onGone = memberGone;
  }

  /** Runs the handler once: an answer for each member, a {@link Failure} where it has failed. */
  async run(predict: BatchPredict): Promise<unknown[]> {
    const { members } = this;
    const returned = predict.call(
      members[0]!.receiver,
      members.map(({ task }) => task.input),
      members.map(({ task }) => task.context),
    );
    const results = isPending(returned) ? await this.#settled(returned) : returned;
    const answers = isList(results) ? await answersOf(results) : undefined;
    if (answers?.length === members.length) return answers;
    const wrong = new ServingError(
      'Internal',
      `A batch of ${members.length} got ${answers ? `${answers.length} results` : describe(results)}, ` +
        `expected an array of ${members.length} results`,
    );
    return members.map(() => new Failure(wrong));
  }

  #settled(pending: Parameters<typeof follow>[0]): Promise<unknown> {
    const { value, stop } = follow(pending);
    this.#stop = stop;
    if (this.#left === 0) stop?.();
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

function isList(value: unknown): value is ArrayLike<unknown> {
  return Array.isArray(value) || (ArrayBuffer.isView(value) && !(value instanceof DataView));
}

/** What each result means. One may be a promise of its own, as `inputs.map(async …)` makes them. */
async function answersOf(results: ArrayLike<unknown>): Promise<unknown[]> {
  const answers = Array.from(results, asAnswer);
  if (!answers.some(isThenable)) return answers;
  return Promise.all(
    answers.map((answer) =>
      isThenable(answer)
        ? Promise.resolve(answer).then(asAnswer, (error: unknown) => new Failure(error))
        : answer,
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
