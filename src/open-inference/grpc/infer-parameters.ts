import type { Parameters } from '../tensors/index.js';

/** A parameter as a message has it, 64-bit integers and infinities as text. */
interface InferParameter {
  readonly boolParam?: boolean;
  readonly int64Param?: string;
  readonly stringParam?: string;
  readonly doubleParam?: number | string;
  readonly uint64Param?: string;
}

export type InferParameters = Readonly<Record<string, InferParameter>>;

/** Leaves out what a client has given no value. */
export function readInferParameters(messages: InferParameters | undefined): Parameters | undefined {
  if (messages === undefined) return undefined;
  const parameters: Record<string, Parameters[string]> = Object.create(null);
  for (const [name, message] of Object.entries(messages)) {
    const value = valueOf(message);
    if (value !== undefined) parameters[name] = value;
  }
  return parameters;
}

export function writeInferParameters(parameters: Parameters): InferParameters {
  return Object.fromEntries(
    Object.entries(parameters).map(([name, value]) => [name, messageOf(value)]),
  );
}

function valueOf(message: InferParameter): Parameters[string] | undefined {
  const { boolParam, stringParam, doubleParam } = message;
  const integer = message.int64Param ?? message.uint64Param;
  if (integer !== undefined) {
    const number = Number(integer);
    return Number.isSafeInteger(number) ? number : BigInt(integer);
  }
  return boolParam ?? stringParam ?? (doubleParam === undefined ? undefined : Number(doubleParam));
}

function messageOf(value: Parameters[string]): InferParameter {
  switch (typeof value) {
    case 'boolean':
      return { boolParam: value };
    case 'string':
      return { stringParam: value };
    case 'bigint':
      return value >= 2n ** 63n ? { uint64Param: String(value) } : { int64Param: String(value) };
    case 'number':
      return Number.isSafeInteger(value) ? { int64Param: String(value) } : { doubleParam: value };
  }
}
