import { AsyncResource } from 'node:async_hooks';
import type { Answer } from '../endpoint/answer.js';
import type { Endpoint } from '../endpoint/endpoint.js';
import { ServingError } from '../errors/index.js';
import { isRefusal } from '../execution/index.js';
import { conclude } from '../gate/conclusion.js';
import { answerOf, codeOf, failureAnswer, type FailureAnswer } from '../gate/failure-answer.js';
import type { Gate, Passage } from '../gate/gate.js';
import type { PlainResponse } from '../gate/plain-exchange.js';
import { rpcStatus } from '../gate/rpc-status.js';
import { acceptedBinary } from '../http/accept.js';
import { readInput } from '../http/body-input.js';
import { failureText, JSON_TYPE } from '../http/reply.js';
import { inCarriedContext } from '../tracing/index.js';
import type { JobEnd, JobResult } from './job.js';
import { ItemList, JobCall, tooLarge } from './job-call.js';
import type { JobRun, RunOutcome } from './job-store.js';

/** The label `method` of metrics. */
const JOB = 'job';

/** What may pass by itself: everything else would fail again. */
const PASSING = ['UNAVAILABLE', 'DEADLINE_EXCEEDED', 'INTERNAL'];

/** How long a job waits that finds the executor full of calls, in milliseconds. */
const FULL_PAUSE = 1_000;

/** Characters of an answer in the words of a filter that the status of its job tells. */
const LONGEST_ERROR = 1_000;

export interface RunnerOptions {
  readonly endpoint: Endpoint;
  readonly gate: Gate;
  /** The status of an answer of the endpoint. */
  readonly status: number;
  /** The `Content-Type` that the app's framework gives a text which is sent without one. */
  readonly textType: string;
  /** Milliseconds before the second run of a job that failed. */
  readonly backoff: number;
  /** Whether what runs has been cut by the end of the process. */
  isCut(): boolean;
}

/**
 * Runs the jobs of an endpoint: reads the body anew, as the code is that runs here, and takes it through the
 * interceptors, pipes and limits that any call meets. Guards had their say when it was taken in.
 */
export class JobRunner {
  readonly #options: RunnerOptions;
  readonly #pass: Passage;
  /** Where no call is: a store in memory begins a job wherever another one ends, or is taken in. */
  readonly #scope = new AsyncResource('ModelServingJobs');

  constructor(options: RunnerOptions) {
    this.#options = options;
    this.#pass = options.gate.passage(options.endpoint, 'http', { guards: false });
  }

  /** Never fails: a run whose end nobody learns of would begin again, for ever. */
  readonly run = async (run: JobRun): Promise<RunOutcome> => {
    try {
      const { trace } = run.request;
      return await this.#scope.runInAsyncScope(() => inCarriedContext(trace, () => this.#run(run)));
    } catch (error) {
      // Of the app's logger, perhaps: nobody is above who would say so.
      const { requestId, headers } = run.request;
      return failed(
        requestId,
        headers['accept'],
        answerOf(new ServingError('Internal', String(error))),
      );
    }
  };

  async #run(run: JobRun): Promise<RunOutcome> {
    const { endpoint, status, textType } = this.#options;
    const call = new JobCall(endpoint, run, { status, textType });
    const leave = () => call.cancel(new ServingError('Cancelled', 'The job was cancelled'));
    if (run.signal.aborted) leave();
    else run.signal.addEventListener('abort', leave, { once: true });
    const outcome = await this.#take(call, run);
    run.signal.removeEventListener('abort', leave);
    return outcome;
  }

  async #take(call: JobCall, run: JobRun): Promise<RunOutcome> {
    try {
      call.input = await inputOf(call, run.body);
      call.request.body = call.input;
      const answer = await call.inContext(() =>
        this.#pass(call, { args: [call.request, call.response], request: call.request }),
      );
      const result = keepable(call, answer);
      conclude(call, JOB, result.status);
      return endOf(result, call.requestId);
    } catch (error) {
      return this.#fail(call, run, error);
    }
  }

  #fail(call: JobCall, run: JobRun, error: unknown): RunOutcome {
    const failure = failureAnswer(call, error);
    const end = endOfFailed(call, failure);
    conclude(call, JOB, end.result.status);
    if (run.signal.aborted) return { state: 'dropped' };
    if (this.#options.isCut()) return { state: 'returned', delay: 0 };
    if (isRefusal(error)) return { state: 'returned', delay: FULL_PAUSE };
    const delay = this.#options.backoff * 2 ** run.failures;
    const isLast = run.failures + 1 >= call.endpoint.options.jobs!.attempts;
    const isInTime = performance.now() - call.arrivedAt + delay < run.timeLeft;
    const isPassing = PASSING.includes(failure.code);
    return isPassing && !isLast && isInTime ? { state: 'retried', delay } : end;
  }
}

/** What a call comes to that has failed; a filter of the app may have made an answer of it. */
function endOfFailed(call: JobCall, failure: FailureAnswer): JobEnd {
  const { requestId, headers, response, isAnswered } = call;
  const { accept } = headers;
  if (!isAnswered) return failed(requestId, accept, failure, response.getHeaders());
  try {
    return endOf(keepable(call, undefined), requestId);
  } catch (cause) {
    return failed(requestId, accept, failureAnswer(call, cause));
  }
}

/**
 * The end of a job that fails so, and the answer that its call would have got.
 *
 * @param headers those that the app has set
 */
export function failed(
  requestId: string,
  accept: unknown,
  failure: FailureAnswer,
  headers: JobResult['headers'] = {},
): JobEnd {
  const { status, error, code, details, retryAfter } = failure;
  const text = failureText(failure, requestId);
  const type = acceptedBinary(accept as string | undefined);
  const body = type === undefined ? Buffer.from(text) : rpcStatus(failure, requestId);
  return {
    state: 'failed',
    failure: { error, code, requestId, ...(details && { details }) },
    result: {
      status,
      type: type ?? JSON_TYPE,
      headers: { ...headers, ...(retryAfter !== undefined && { 'retry-after': `${retryAfter}` }) },
      body,
    },
  };
}

function inputOf(call: JobCall, body: Buffer): Promise<object> {
  return new Promise((resolve, reject) => {
    readInput(call, body, (error, input) => {
      if (error === undefined) resolve(input!);
      else reject(error as Error);
    });
  });
}

/** @throws where the answer is none that a job may keep, or that can be sent */
function keepable(call: JobCall, answer: Answer | undefined): JobResult {
  const result = resultOf(call, answer);
  const { status, body } = result;
  if (!Number.isInteger(status) || status < 200 || status > 999) {
    throw new RangeError(`Expected the status of an answer, got ${status}`);
  }
  const { maxResult } = call.endpoint.options.jobs!;
  if (body.length > maxResult) throw tooLarge(maxResult);
  return result;
}

/** What the call is answered: by its door, or by a filter or interceptor of the app that did so itself. */
function resultOf(call: JobCall, answer: Answer | undefined): JobResult {
  const { response, binaryType, outlet, endpoint } = call;
  const status = response.statusCode;
  const { 'content-type': type, ...headers } = response.getHeaders();
  if (response.headersSent) {
    const sent = sentBy(response, call.textType);
    return { status, headers, type: String(type ?? sent.type), body: Buffer.from(sent.body) };
  }
  if (outlet instanceof ItemList) {
    return { status, headers, type: JSON_TYPE, body: Buffer.from(outlet.text) };
  }
  if (binaryType !== undefined) {
    return { status, headers, type: binaryType, body: answer!.bytes(endpoint.schema!.response!) };
  }
  const kind = String(type ?? JSON_TYPE);
  // An interceptor may have made a text of another type of it.
  const isText = !/\bjson\b/i.test(kind) && typeof answer!.value === 'string';
  return {
    status,
    headers,
    type: kind,
    body: Buffer.from(isText ? (answer!.value as string) : answer!.text),
  };
}

/** What the app has sent itself, and the type that its framework would have said it has. */
function sentBy({ body = '', isJson }: PlainResponse, textType: string) {
  if (body instanceof Uint8Array) return { type: 'application/octet-stream', body };
  if (typeof body === 'string' && !isJson) return { type: textType, body };
  return { type: JSON_TYPE, body: JSON.stringify(body) };
}

/** An answer is a failure by its status, whoever has put it into words. */
function endOf(result: JobResult, requestId: string): JobEnd {
  const { status, body } = result;
  if (status < 400) return { state: 'succeeded', result };
  const error = body.toString().slice(0, LONGEST_ERROR);
  return { state: 'failed', result, failure: { error, code: codeOf(status), requestId } };
}
