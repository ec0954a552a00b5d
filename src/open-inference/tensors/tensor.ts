/** The datatypes of the Open Inference Protocol, version 2. */
export type Datatype =
  | 'BOOL'
  | 'UINT8'
  | 'UINT16'
  | 'UINT32'
  | 'UINT64'
  | 'INT8'
  | 'INT16'
  | 'INT32'
  | 'INT64'
  | 'FP16'
  | 'BF16'
  | 'FP32'
  | 'FP64'
  | 'BYTES';

/**
 * The elements of a tensor, in row-major order, whatever wire they came by: BOOL as 0 and 1 of a
 * `Uint8Array`, FP16 and BF16 as a `Float32Array`, 64-bit integers as `BigInt64Array` and `BigUint64Array`,
 * BYTES as a list of strings (of JSON) or of bytes.
 */
export type Elements =
  | Uint8Array
  | Uint16Array
  | Uint32Array
  | BigUint64Array
  | Int8Array
  | Int16Array
  | Int32Array
  | BigInt64Array
  | Float32Array
  | Float64Array
  | readonly (string | Uint8Array)[];

/** Parameters of the protocol, of a request, an input, an output. */
export type Parameters = Readonly<Record<string, string | number | bigint | boolean>>;

/** A tensor, as a request brings and an answer holds it. `elements.length` is the product of `shape`. */
export interface Tensor {
  readonly name: string;
  readonly datatype: Datatype;
  readonly shape: readonly number[];
  readonly elements: Elements;
  readonly parameters?: Parameters;
}

/** An output that a request asks for; without any it gets all of them. */
export interface RequestedOutput {
  readonly name: string;
  readonly parameters?: Parameters;
}

/** What is asked of a model, whatever wire it came by. */
export interface InferenceRequest {
  readonly id?: string;
  readonly parameters?: Parameters;
  readonly inputs: readonly Tensor[];
  readonly outputs?: readonly RequestedOutput[];
}

/** What a model answers. */
export interface InferenceResponse {
  readonly modelName: string;
  readonly modelVersion?: string;
  readonly id?: string;
  readonly outputs: readonly Tensor[];
}
