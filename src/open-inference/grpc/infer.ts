import type { Metadata } from '@grpc/grpc-js';
import type { Call } from '../../endpoint/call.js';
import { InvalidRequest } from '../../errors/index.js';
import { tooLarge } from '../../grpc/refusal.js';
import type { InferenceRequest, InferenceResponse } from '../tensors/index.js';
import type { InferRequest } from './infer-messages.js';
import type { Models } from '../models.js';

/** How a call has come. */
interface Arrival {
  /** Bytes of its message. */
  readonly size: number;
  readonly metadata: Metadata;
  readonly stream: object;
}

/**
 * Asks a model.
 *
 * @throws {ServingError}
 */
export async function infer(
  models: Models,
  call: Call,
  asked: InferRequest,
  { size, metadata, stream }: Arrival,
): Promise<InferenceResponse> {
  const { bodyLimit } = call.endpoint.options;
  if (size > bodyLimit) throw tooLarge(bodyLimit);
  const data = readFor(call, asked);
  call.input = data;
  const visit = { args: [data, metadata, stream], request: { data, metadata } };
  return models.infer(call, data, { type: 'rpc', ...visit });
}

/** What is wrong with the tensors is told when the guards have had their say. */
function readFor(call: Call, asked: InferRequest): InferenceRequest {
  try {
    return asked.read();
  } catch (flaw) {
    if (!(flaw instanceof InvalidRequest)) throw flaw;
    call.flaw = flaw;
    return { inputs: [] };
  }
}
