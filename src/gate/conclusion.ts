import { STATUS_CODES } from 'node:http';
import type { Call } from '../endpoint/call.js';
import { FAILURES, messageOfThrown, type Outcome } from '../errors/index.js';
import { answerOf } from './failure-answer.js';

const INTERNAL = 500;

/**
 * Counts a call, ends its trace, and tells the log of one that was refused, when its client has been
 * answered or has gone.
 *
 * @param method the label `method` of metrics: that of HTTP, or the name of another door
 * @param status what the client was told in the end, as a number of the failure table: guards,
 * interceptors and filters of the app may answer, fail or recover after the model did
 */
export function conclude(call: Call, method: string, status: number): void {
  const { endpoint } = call;
  const outcome = outcomeOfStatus(status);
  endpoint.metrics.settled(outcome);
  const ms = performance.now() - call.arrivedAt;
  if (endpoint.tracing !== undefined) call.inContext(endTrace, undefined, call, outcome, status);
  endpoint.metrics.answered(method, status, ms, call.trace?.sampled);
  endpoint.departed();
  if (status >= 400) noteFailure(call, status);
}

/** A call that was refused before its way has a trace as well, of the time it took. */
function endTrace(call: Call, outcome: Outcome, status: number): void {
  const { endpoint, arrivedAt, cacheResult: cache, failure } = call;
  call.trace ??= endpoint.tracing!.begin(call, arrivedAt);
  if (status < 400) return call.trace.end({ outcome, cache });
  const code = failure === undefined ? String(status) : answerOf(failure).code;
  const reason = reasonOf(failure, status);
  const cause = status === INTERNAL ? failure : undefined;
  call.trace.end({ outcome, cache, failure: { code, reason, isFault: status >= INTERNAL, cause } });
}

/**
 * Notes for the log why a request ended with a failure's status, whoever gave it: the library, a filter
 * of the app, a middleware. A 500 has a line of its own, with its cause.
 */
export function noteFailure(
  call: Pick<Call, 'endpoint' | 'requestId' | 'failure'> & Partial<Pick<Call, 'trace'>>,
  status: number,
): void {
  if (status === INTERNAL) return;
  const { endpoint, requestId, failure, trace } = call;
  const reason = reasonOf(failure, status);
  endpoint.refusals.note({ status, requestId, reason, ids: endpoint.tracing?.idsOf(trace) });
}

function reasonOf(failure: unknown, status: number): string {
  if (failure === undefined) return STATUS_CODES[status] ?? 'no reason was given';
  const answer = answerOf(failure);
  return answer.status === INTERNAL ? messageOfThrown(failure) : answer.error;
}

function outcomeOfStatus(status: number): Outcome {
  if (status < 400) return 'ok';
  const known = Object.values(FAILURES).find((failure) => failure.status === status);
  if (known) return known.outcome;
  if (status === 401 || status === 403) return 'rejected';
  return status < 500 ? 'invalid' : 'error';
}
