import { ServingError } from '../errors/index.js';
import type { Task } from './task.js';

/** The longest delay a Node.js timer takes, in milliseconds; it fires at once for a longer one. */
export const LONGEST_DELAY = 2 ** 31 - 1;

/** A delay for `setTimeout`, which cuts fractions off and would fire early. */
export function delayUntil(time: number, now: number): number {
  return Math.min(Math.max(Math.ceil(time - now), 1), LONGEST_DELAY);
}

/** The latest of the deadlines where all of them have passed. */
export function latestPast(deadlines: readonly number[]): number | undefined {
  const latest = deadlines.reduce((one, other) => Math.max(one, other), -Infinity);
  return latest <= performance.now() ? latest : undefined;
}

export function deadlineExceeded(cause?: unknown): ServingError {
  return new ServingError('DeadlineExceeded', 'Deadline exceeded', { cause });
}

/** Refuses a task that nobody waits for any more: it is never started. */
export function refuseGone(task: Task, now: number): void {
  if (task.cancellation) throw task.cancellation;
  if (task.deadline <= now) throw deadlineExceeded();
}
