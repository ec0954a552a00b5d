import { Call } from '../endpoint/call.js';
import type { Endpoint } from '../endpoint/endpoint.js';
import { FAILURES, ServingError } from '../errors/index.js';
import { conclude } from '../gate/conclusion.js';
import { failureAnswer } from '../gate/failure-answer.js';
import { holdCall } from '../gate/held-call.js';
import { requestIdOf } from '../gate/request-id.js';
import type { Exchange, Watcher } from './exchange.js';
import { headersOf } from './metadata.js';
import { statusOf } from './trailers.js';

/** The label `method` of metrics. */
const GRPC = 'grpc';

/** A call that came by gRPC. */
export class GrpcCall extends Call implements Watcher {
  readonly exchange: Exchange;
  /** What the client was told, as a number of the failure table. */
  status = 200;

  constructor(endpoint: Endpoint, exchange: Exchange) {
    const headers = headersOf(exchange.metadata);
    super(endpoint, requestIdOf(headers['x-request-id']), headers);
    this.exchange = exchange;
    holdCall(exchange.metadata, this);
    const { timeLeft } = exchange;
    if (timeLeft !== Infinity) this.shortenTo(Math.max(timeLeft, 0));
    exchange.watcher = this;
  }

  onRefusal(error: ServingError): void {
    this.fail(error);
    this.cancel(error);
  }

  onEnd(isDelivered: boolean): void {
    if (isDelivered && this.status < 400) conclude(this, GRPC, this.status);
    // What is logged of a failure belongs to the call.
    else this.inContext(concludeFailure, undefined, this, isDelivered);
  }

  /** Tells the client, unless it has been answered or has gone. */
  fail(error: unknown): void {
    if (this.isAnswered) return;
    const failure = failureAnswer(this, error);
    this.status = failure.status;
    this.exchange.fail(statusOf(failure, this.requestId));
  }

  override get isBinary(): boolean {
    return true;
  }

  override get isAnswered(): boolean {
    return this.exchange.isAnswered;
  }
}

function concludeFailure(call: GrpcCall, isDelivered: boolean): void {
  if (isDelivered) return conclude(call, GRPC, call.status);
  const gone = new ServingError('Cancelled', 'The client went away before the answer');
  call.failure = gone;
  call.cancel(gone);
  conclude(call, GRPC, FAILURES.Cancelled.status);
}
