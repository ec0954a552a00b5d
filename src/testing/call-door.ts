import { randomUUID } from 'node:crypto';
import type { Answer } from '../endpoint/answer.js';
import { Call } from '../endpoint/call.js';
import type { Endpoint } from '../endpoint/endpoint.js';
import type { Outlet } from '../endpoint/outlet.js';
import { ServingError } from '../errors/index.js';
import type { PredictContext } from '../execution/index.js';
import { conclude } from '../gate/conclusion.js';
import type { Door, Read } from '../gate/door.js';
import { failureAnswer } from '../gate/failure-answer.js';
import { holdCall } from '../gate/held-call.js';
import { readJson } from '../gate/json-body.js';
import { FailedCall } from './failed-call.js';
import type { PlainRequest, PlainResponse } from '../gate/plain-exchange.js';

/** A call that a test makes, and where its outcome goes. */
export interface TestArrival {
  readonly endpoint: Endpoint;
  readonly request: PlainRequest;
  readonly response: PlainResponse;
  readonly timeout: number | undefined;
  readonly signal: AbortSignal | undefined;
  resolve(answer: unknown): void;
  reject(failure: FailedCall): void;
}

/** What a stream gives, all of it in one array. */
class CollectedItems implements Outlet {
  readonly isFull = false;
  readonly #call: Call;
  readonly #arrival: TestArrival;
  readonly #items: unknown[] = [];

  constructor(call: Call, arrival: TestArrival) {
    this.#call = call;
    this.#arrival = arrival;
  }

  write({ text }: Answer): void {
    this.#items.push(JSON.parse(text));
  }

  onceReady(): void {}

  end(): void {
    conclude(this.#call, 'POST', this.#arrival.response.statusCode);
    this.#arrival.resolve(this.#items);
  }
}

class TestCall extends Call {
  readonly #arrival: TestArrival;

  constructor(arrival: TestArrival) {
    const { headers } = arrival.request;
    const { 'x-request-id': id = randomUUID() } = headers;
    super(arrival.endpoint, String(id), headers);
    this.#arrival = arrival;
  }

  override get params(): PredictContext['params'] {
    return this.#arrival.request.params;
  }

  override get query(): PredictContext['query'] {
    return this.#arrival.request.query;
  }

  override get isAnswered(): boolean {
    return this.#arrival.response.headersSent;
  }
}

/** The door of a test's own calls: values in, values or errors out. */
export class CallDoor implements Door<TestArrival> {
  find({ endpoint }: TestArrival): Endpoint {
    return endpoint;
  }

  open(_endpoint: Endpoint, arrival: TestArrival): Call {
    const call = new TestCall(arrival);
    holdCall(arrival.request, call);
    if (call.endpoint.options.stream) call.outlet = new CollectedItems(call, arrival);
    const { signal, timeout } = arrival;
    if (timeout !== undefined) call.shortenTo(timeout);
    const leave = () => call.cancel(new ServingError('Cancelled', 'The caller went away'));
    if (signal?.aborted) leave();
    else signal?.addEventListener('abort', leave, { once: true });
    return call;
  }

  read(call: Call, { request }: TestArrival, done: Read): void {
    let input: object;
    try {
      // As a client would send it: the handler shares no object with the test.
      input = readJson(call, Buffer.from(JSON.stringify(request.body) ?? ''));
    } catch (error) {
      return done(error);
    }
    request.body = input;
    done(undefined, input);
  }

  answer(call: Call, answer: Answer, { response, resolve }: TestArrival): void {
    conclude(call, 'POST', response.statusCode);
    resolve(response.headersSent ? response.body : JSON.parse(answer.text));
  }

  fail(call: Call, error: unknown, { response, resolve, reject }: TestArrival): void {
    const { headersSent, statusCode, body } = response;
    const failure = failureAnswer(call, error);
    const status = headersSent ? statusCode : failure.status;
    conclude(call, 'POST', status);
    if (status < 400) resolve(body);
    else reject(new FailedCall({ ...failure, status }, headersSent ? body : undefined, error));
  }
}
