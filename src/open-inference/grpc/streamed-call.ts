import type { Metadata } from '@grpc/grpc-js';
import { Call } from '../../endpoint/call.js';
import type { Endpoint } from '../../endpoint/endpoint.js';
import { ServingError } from '../../errors/index.js';
import { conclude } from '../../gate/conclusion.js';
import { failureAnswer } from '../../gate/failure-answer.js';
import { holdCall } from '../../gate/held-call.js';
import { requestIdOf } from '../../gate/request-id.js';
import { headersOf } from '../../grpc/metadata.js';

/** A call that is one message of a stream of them. */
export class StreamedCall extends Call {
  /** A copy, since each call of the stream is held by its own. */
  readonly metadata: Metadata;

  /** @param id the client's id of the request, if it has given one */
  constructor(endpoint: Endpoint, metadata: Metadata, id: string | undefined) {
    super(endpoint, requestIdOf(id), headersOf(metadata));
    this.metadata = metadata.clone();
    holdCall(this.metadata, this);
  }

  override get isBinary(): boolean {
    return true;
  }

  answered(): void {
    conclude(this, 'grpc', 200);
  }

  /** Counts it, and gives what its client is told. */
  failed(cause: unknown): string {
    const { status, error } = failureAnswer(this, cause);
    this.inContext(conclude, undefined, this, 'grpc', status);
    return error;
  }

  leave(): void {
    this.cancel(new ServingError('Cancelled', 'The client went away before the answer'));
  }
}
