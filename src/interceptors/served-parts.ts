import type { Answer } from '../endpoint/answer.js';
import type { Call, Parts } from '../endpoint/call.js';
import { Part } from '../endpoint/part.js';
import { ServingError } from '../errors/index.js';
import { deadlineExceeded, delayUntil, refuseBeyond, TaskGroup } from '../execution/index.js';
import type { Deliver } from './items.js';
import { isPromise, type Next } from './stage.js';

/**
 * Serves every input of a call, and delivers their answers when all are there. The first that fails is the
 * failure of the call: what the others have under way is cancelled.
 *
 * @param serve the way of each
 */
export function serveParts(call: Call, parts: Parts, serve: Next, deliver: Deliver): Promise<void> {
  const count = parts.begin();
  const { executor } = call.endpoint;
  refuseBeyond(executor.capacity, count);
  if (call.cancellation !== undefined) throw call.cancellation;
  // The context of its trace is theirs.
  call.adoptContext();
  const group = new TaskGroup(executor, count);
  const begun: Part[] = [];
  const answers: Answer[] = [];

  return new Promise((resolve, reject) => {
    let left = count;
    let isOver = false;
    // One timer for all of them.
    const delay = delayUntil(call.deadline, performance.now());
    const late = setTimeout(() => giveUp(deadlineExceeded()), delay);

    function end(): void {
      isOver = true;
      clearTimeout(late);
      call.onCancel(undefined);
    }

    /** @param reason what the others are told */
    function fail(error: unknown, reason: ServingError): void {
      if (isOver) return;
      end();
      reject(error as Error);
      for (const part of begun) part.cancel(reason);
      // What other requests share goes on.
      group.admit();
    }

    function giveUp(reason: ServingError): void {
      fail(reason, reason);
    }

    function settle(index: number, answer: Answer): void {
      if (isOver) return;
      answers[index] = answer;
      begun[index]!.standAside();
      if (--left > 0) return;
      end();
      try {
        answers.forEach(deliver);
        resolve();
      } catch (error) {
        reject(error as Error);
      }
    }

    function begin(index: number): void {
      const part = new Part(call, group);
      begun.push(part);
      function failPart(error: unknown): void {
        if (!isOver) parts.failed = { index, error };
        fail(error, new ServingError('Cancelled', 'Another input of the request failed'));
      }
      try {
        parts.read(part, index);
        const answer = serve(part);
        if (!isPromise(answer)) return settle(index, answer as Answer);
        answer.then((value) => settle(index, value as Answer), failPart);
      } catch (error) {
        failPart(error);
      }
    }

    call.onCancel(giveUp);
    if (count === 0) {
      end();
      return resolve();
    }
    for (let index = 0; index < count && !isOver; index++) begin(index);
  });
}
