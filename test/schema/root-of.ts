import protobuf from 'protobufjs';
import type { Root } from 'protobufjs';
import { ServingError, type Violation } from '../../src/errors/index.js';
import { compileSchema, type MessageCodec } from '../../src/schema/index.js';

const FILES = ['any', 'duration', 'empty', 'field_mask', 'struct', 'timestamp', 'wrappers'];

/** A root with a schema's text and the well-known types, without a file. */
export function rootOf(text: string): Root {
  const root = new protobuf.Root();
  for (const file of FILES) {
    const definition = protobuf.common.get(`google/protobuf/${file}.proto`);
    if (definition?.nested) root.addJSON(definition.nested);
  }
  protobuf.parse(text, root, { keepCase: true });
  return root.resolveAll() as Root;
}

/** The codec of the message `M`. */
export function codecOf(text: string): MessageCodec {
  return compileSchema({ request: rootOf(text).lookupType('M') }, 'Test').request!;
}

/** The codec of a message with these proto3 fields. */
export function codecOfFields(fields: string): MessageCodec {
  return codecOf(`syntax = "proto3"; enum E { A = 0; B = 1; } message M { ${fields} }`);
}

/** What a codec says of a bad request. */
export function violationsOf(action: () => unknown): readonly Violation[] {
  return failureOf(action).details ?? [];
}

export function failureOf(action: () => unknown): ServingError {
  try {
    action();
  } catch (error) {
    if (error instanceof ServingError) return error;
    throw error;
  }
  throw new Error('expected a refusal, got an answer');
}
