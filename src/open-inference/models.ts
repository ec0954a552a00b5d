import type { Call } from '../endpoint/call.js';
import type { Endpoint } from '../endpoint/endpoint.js';
import type { ContextType, Visit } from '../gate/visit.js';
import type { TensorMetadata } from './binding/field-tensor.js';
import type { InferenceRequest, InferenceResponse } from './tensors/index.js';

export interface ModelMetadata {
  readonly name: string;
  readonly versions: readonly string[];
  readonly platform: string;
  readonly inputs: readonly TensorMetadata[];
  readonly outputs: readonly TensorMetadata[];
}

/** What a request shows of itself to what the app binds. */
export interface Approach extends Visit {
  readonly type: ContextType;
}

/** What the service stands on. A model that is not there is Nest's `NotFoundException`. */
export interface Models {
  readonly endpoints: readonly Endpoint[];
  readonly isReady: boolean;
  isModelReady(name: string, version?: string): boolean;
  serverMetadata(): object;
  modelMetadata(name: string, version?: string): ModelMetadata;
  statistics(name?: string, version?: string): object;
  index(ready: boolean): readonly object[];
  find(name: string, version?: string): Endpoint;
  infer(call: Call, request: InferenceRequest, approach: Approach): Promise<InferenceResponse>;
}
