import type { Type } from 'protobufjs';
import protojson from 'protobufjs/ext/protojson.js';

/** What the reference makes of a value: the message's bytes, or why it refuses it. */
export type Verdict = { bytes: string } | { refused: string };

export function reference(type: Type, value: unknown): Verdict {
  let message;
  try {
    message = protojson.fromJson(type, value);
  } catch (error) {
    return { refused: String(error) };
  }
  return { bytes: encode(type, message) };
}

/** A message may be valid JSON and yet have no bytes: required fields absent, Struct too deep. */
function encode(type: Type, message: protobuf.Message): string {
  try {
    return Buffer.from(type.encode(message).finish()).toString('hex');
  } catch (error) {
    return `no encoding: ${String(error)}`;
  }
}
