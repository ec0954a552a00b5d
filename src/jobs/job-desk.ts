import { randomBytes } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { directivesOf } from '../cache/index.js';
import type { Call } from '../endpoint/call.js';
import type { Deferral } from '../endpoint/deferral.js';
import type { Endpoint } from '../endpoint/endpoint.js';
import { InvalidRequest, ServingError } from '../errors/index.js';
import { deadlineExceeded } from '../execution/index.js';
import { answerOf } from '../gate/failure-answer.js';
import type { Receive } from '../gate/gate.js';
import type { HttpCall } from '../http/http-call.js';
import { isForm, mediaTypeOf } from '../http/media-type.js';
import { readMultipart } from '../http/multipart.js';
import {
  JSON_TYPE,
  openRaw,
  rawRequest,
  send,
  setHeader,
  type NestResponse,
} from '../http/reply.js';
import { hostOf, pathOf, requestOf } from '../http/request-url.js';
import { validate } from '../interceptors/way.js';
import { carryContext } from '../tracing/index.js';
import type { JobRecord } from './job.js';
import { failed } from './job-runner.js';
import type { JobStore } from './job-store.js';
import { isDone, operationOf, retryAfterOf, seconds } from './operation.js';
import { digest, scopeOf } from './ownership.js';
import { grantedWait, preferencesOf, waitApplied } from './prefer.js';
import { ResultSender } from './result-sender.js';
import { untilGone, type Visitor } from './visitor.js';

/** An `Idempotency-Key`, of which its draft says no more than that it is a string. */
const KEY = /^[\x21-\x7e](?:[\x20-\x7e]{0,253}[\x21-\x7e])?$/;

export interface DeskOptions {
  readonly endpoint: Endpoint;
  readonly store: JobStore;
  readonly receive: Receive;
  /** Aborted when the process begins to stop: who waits is told what there is. */
  readonly leaving: AbortSignal;
}

/** Takes jobs of one endpoint in, and tells their clients what has become of them. */
export class JobDesk implements Deferral {
  readonly #options: DeskOptions;
  readonly #results: ResultSender;

  constructor(options: DeskOptions) {
    this.#options = options;
    this.#results = new ResultSender(options.endpoint);
  }

  isAskedFor({ prefer }: Call['headers']): boolean {
    return prefer !== undefined && preferencesOf(prefer).respondAsync;
  }

  take(call: HttpCall, args: readonly unknown[]): Promise<boolean> {
    const request = (args[0] ?? {}) as object;
    return this.#options.receive(call, { args, request }, () => this.#take(call, request));
  }

  async #take(call: HttpCall, request: object): Promise<boolean> {
    const arrived = { input: call.input, text: call.text, body: call.body };
    const body = bodyOf(call);
    validate(call);
    if (await isKept(call)) {
      // It takes the rest of its way from the start.
      Object.assign(call, arrived);
      return false;
    }
    const { maxPayload } = call.endpoint.options.jobs!;
    if (body.length > maxPayload) {
      throw new ServingError(
        'PayloadTooLarge',
        `Expected the body of a job to have at most ${maxPayload} bytes, got ${body.length}: send it without Prefer: respond-async, or the address of what it holds`,
      );
    }
    const id = await this.#submit(call, request, body);
    await this.#answerTaken(call, id);
    return true;
  }

  /** Tells a visitor how a job is, at once or when it has ended. */
  async tellStatus(visitor: Visitor): Promise<void> {
    const job = await this.#awaited(visitor);
    await this.#sendOperation(visitor.response, 200, job);
  }

  /** Gives a visitor the answer that the call would have got. */
  async tellResult(visitor: Visitor): Promise<void> {
    const job = await this.#awaited(visitor);
    if (job.state === 'cancelled') throw new ServingError('Aborted', 'The job was cancelled');
    if (!isDone(job)) return this.#sendOperation(visitor.response, 202, job);
    const result = await this.#options.store.result(job.id);
    if (result === undefined) throw unknown();
    await this.#results.send(visitor.response, result);
  }

  /** Cancels a job that has not ended, and forgets one that has. */
  async remove(visitor: Visitor): Promise<void> {
    const { response } = visitor;
    const { id } = await this.#find(visitor);
    const was = await this.#options.store.remove(id);
    if (was === undefined) throw unknown();
    const job = was === 'running' ? await this.#options.store.find(id) : undefined;
    if (job !== undefined) return this.#sendOperation(response, 202, job);
    openRaw(response).writeHead(204).end();
  }

  async #submit(call: HttpCall, request: object, body: Buffer): Promise<string> {
    const { endpoint, context, headers, requestId, params, query, response } = call;
    const { store } = this.#options;
    const key = keyOf(rawRequest(request));
    const scope = scopeOf(endpoint, { context, request, host: hostOf(response) });
    const { originalUrl, url = '' } = requestOf(response);
    const target = originalUrl ?? url;
    const submission = await store.submit({
      id: randomBytes(16).toString('hex'),
      scope,
      request: { requestId, url: target, headers, params, query, trace: carryContext() },
      body,
      key: key && digest(scope, key),
      digest: key === undefined ? '' : await contentDigest(call, body),
    });
    switch (submission.kind) {
      case 'full':
        throw new ServingError('QueueFull', 'Too many jobs are waiting', {
          retryAfter: seconds((await store.pace()).waiting),
        });
      case 'other':
        throw new ServingError(
          'FailedPrecondition',
          'This Idempotency-Key was sent with another body before',
        );
      default:
        return submission.id;
    }
  }

  async #answerTaken(call: HttpCall, id: string): Promise<void> {
    const { store, leaving } = this.#options;
    const { response } = call;
    const { wait } = preferencesOf(call.headers['prefer']);
    const granted = wait && grantedWait(wait, call.deadline - performance.now());
    if (granted) await store.whenEnded(id, granted, untilGone(response, leaving));
    const job = await this.#current(id);
    if (job === undefined) throw withdrawn();
    setHeader(response, 'x-request-id', call.requestId);
    if (wait && isDone(job) && job.state !== 'cancelled') {
      const result = await store.result(id);
      if (result === undefined) throw withdrawn();
      setHeader(response, 'preference-applied', waitApplied(granted!));
      return this.#results.send(response, result);
    }
    const waited = granted === undefined ? '' : `, ${waitApplied(granted)}`;
    setHeader(response, 'preference-applied', `respond-async${waited}`);
    setHeader(response, 'location', locationOf(response, id));
    await this.#sendOperation(response, 202, job);
  }

  async #awaited(visitor: Visitor): Promise<JobRecord> {
    const job = await this.#find(visitor);
    const { wait, response } = visitor;
    if (wait === undefined) return job;
    const granted = grantedWait(wait);
    setHeader(response, 'preference-applied', waitApplied(granted));
    if (isDone(job) || granted === 0) return job;
    const until = untilGone(response, this.#options.leaving);
    await this.#options.store.whenEnded(job.id, granted, until);
    return this.#find(visitor);
  }

  /** @throws {ServingError} `NotFound`, also for a job of somebody else */
  async #find(visitor: Visitor): Promise<JobRecord> {
    const job = await this.#current(visitor.id);
    if (job?.scope !== scopeOf(visitor.endpoint, visitor)) throw unknown();
    return job;
  }

  /** A job that nobody runs at its deadline has failed, whether or not a worker is there to say so. */
  async #current(id: string): Promise<JobRecord | undefined> {
    const { store, endpoint } = this.#options;
    const job = await store.find(id);
    if (job === undefined || isDone(job)) return job;
    if (job.now < job.createdAt + endpoint.options.jobs!.timeout) return job;
    await store.expire(id, failed(job.requestId, undefined, answerOf(deadlineExceeded())));
    return store.find(id);
  }

  async #sendOperation(response: NestResponse, status: number, job: JobRecord): Promise<void> {
    if (!isDone(job)) {
      setHeader(response, 'retry-after', retryAfterOf(job, await this.#options.store.pace()));
    }
    setHeader(response, 'cache-control', 'no-store');
    send(response, status, JSON_TYPE, JSON.stringify(operationOf(job)));
  }
}

function unknown(): ServingError {
  return new ServingError('NotFound', 'There is no such job, or none any more');
}

/** What has just been sent has gone: it could not be queued, or was deleted by another who has its key. */
function withdrawn(): ServingError {
  return new ServingError('Unavailable', 'The job is not there any more: send it again', {
    retryAfter: 1,
  });
}

/** The body as it was sent: a worker reads it anew. */
function bodyOf({ body, text }: Call): Buffer {
  return body ?? Buffer.from(text?.text ?? '');
}

/** Tells bodies apart by what they hold: a form that is sent again has another boundary. */
async function contentDigest({ headers, query }: Call, body: Buffer): Promise<string> {
  const contentType = headers['content-type'] as string | undefined;
  const type = mediaTypeOf(contentType);
  const hasParts = type === 'multipart/form-data' && isForm(body);
  const parts = hasParts ? await readMultipart(contentType!, body) : [{ name: '', content: body }];
  const held = parts.flatMap(({ name, content }) => [name, content]);
  return digest(...held, type, JSON.stringify(query));
}

/** Whether the answer to a call is kept already. */
async function isKept(call: Call): Promise<boolean> {
  const { headers } = call;
  const { cache } = call.endpoint;
  if (cache === undefined) return false;
  const { noCache, noStore } = directivesOf(
    cache.clientControl ? headers['cache-control'] : undefined,
  );
  const key = noCache || noStore ? undefined : cache.keyOf(call);
  return key !== undefined && (await cache.store.get(key)) !== undefined;
}

/** @throws {InvalidRequest} also for several of them, which Node would make one of */
function keyOf({ headers, rawHeaders }: IncomingMessage): string | undefined {
  const key = headers['idempotency-key'];
  if (key === undefined) return undefined;
  const lines = rawHeaders.filter((text, i) => i % 2 === 0 && /^idempotency-key$/i.test(text));
  if (typeof key === 'string' && KEY.test(key) && lines.length === 1) return key;
  throw new InvalidRequest(
    'Expected Idempotency-Key to be once 1 to 255 visible ASCII characters, got something else',
  );
}

function locationOf(response: NestResponse, id: string): string {
  return `${pathOf(requestOf(response)).replace(/\/+$/, '')}/jobs/${id}`;
}
