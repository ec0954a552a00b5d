import { CODES, type ErrorDetail } from './serving-client-error.js';

/** What a status tells, named as in the JSON of a failed call. */
export interface RpcStatus {
  code?: string | undefined;
  error?: string;
  requestId?: string;
  readonly details: ErrorDetail[];
}

/**
 * A google.rpc.Status with its details (BadRequest, RequestInfo), as an endpoint answers a failed call that
 * asked for binary. Enough of protobuf for that is a page, and spares the client a library.
 *
 * @throws {RangeError} for bytes that are no message
 */
export function readRpcStatus(bytes: Uint8Array): RpcStatus {
  const status: RpcStatus = { details: [] };
  for (const [field, value] of fieldsOf(bytes)) {
    if (field === 1) status.code = CODES[value as number];
    if (field === 2) status.error = textOf(value);
    if (field !== 3) continue;
    const { 1: type, 2: detail } = messageOf(value);
    if (textOf(type).endsWith('.RequestInfo')) status.requestId = textOf(messageOf(detail)[1]);
    if (!textOf(type).endsWith('.BadRequest')) continue;
    for (const [, violation] of fieldsOf(detail as Uint8Array)) {
      const { 1: path, 2: message } = messageOf(violation);
      status.details.push({ path: textOf(path), message: textOf(message) });
    }
  }
  return status;
}

type Value = number | Uint8Array | undefined;

const textOf = (value: Value): string => new TextDecoder().decode(value as Uint8Array | undefined);
const messageOf = (value: Value): Record<number, Value> =>
  Object.fromEntries(fieldsOf(value as Uint8Array));

/** The fields of a message that holds numbers, texts and messages only. */
function fieldsOf(bytes: Uint8Array = new Uint8Array()): [number, Value][] {
  const fields: [number, Value][] = [];
  let at = 0;
  const varint = (): number => {
    let value = 0;
    for (let shift = 1; ; shift *= 128) {
      const byte = bytes[at++];
      if (byte === undefined) throw new RangeError('The message is cut');
      value += (byte & 127) * shift;
      if (byte < 128) return value;
    }
  };
  while (at < bytes.length) {
    const tag = varint();
    const number = varint();
    const isNumber = tag % 8 === 0;
    fields.push([tag >> 3, isNumber ? number : bytes.subarray(at, (at += number))]);
  }
  return fields;
}
