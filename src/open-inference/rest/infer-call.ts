import type { PredictContext } from '../../execution/index.js';
import { HttpCall } from '../../http/http-call.js';

const NONE = Object.freeze(Object.create(null) as Record<string, never>);

/** A call by the protocol's own path, which has no parameters of the endpoint's route. */
export class InferCall extends HttpCall {
  override get params(): PredictContext['params'] {
    return NONE;
  }

  /** It has no form but that of tensors, whatever is accepted. */
  override get binaryType(): undefined {
    return undefined;
  }
}
