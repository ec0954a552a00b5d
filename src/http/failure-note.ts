import { STATUS_CODES } from 'node:http';
import type { Call } from '../endpoint/call.js';
import { messageOfThrown } from '../errors/index.js';
import { answerOf } from './failure-answer.js';

const INTERNAL = 500;

/**
 * Notes for the log why a request ended with a failure's status, whoever gave it: the library, a filter
 * of the app, a middleware. A 500 has a line of its own, with its cause.
 */
export function noteFailure(
  { endpoint, requestId, failure }: Pick<Call, 'endpoint' | 'requestId' | 'failure'>,
  status: number,
): void {
  if (status !== INTERNAL)
    endpoint.refusals.note({ status, requestId, reason: reasonOf(failure, status) });
}

function reasonOf(failure: unknown, status: number): string {
  if (failure === undefined) return STATUS_CODES[status] ?? 'no reason was given';
  const answer = answerOf(failure);
  return answer.status === INTERNAL ? messageOfThrown(failure) : answer.error;
}
