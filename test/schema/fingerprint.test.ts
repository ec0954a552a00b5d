import { expect, test } from 'vitest';
import { compileSchema, protobufSchema } from '../../src/schema/index.js';
import { rootOf } from './root-of.js';
import { writeSchema } from './schema-file.js';

const TEXT = `syntax = "proto3";
  message Request { string s = 1; repeated Item items = 2; E e = 3; google.protobuf.Any any = 4; }
  message Item { int32 n = 1; Request parent = 2; }
  enum E { A = 0; B = 1; }
  message Response { double score = 1; }`;

const fingerprint = (text: string) => compileSchema(rootOf(text), 'Test').fingerprint;

test('is known in advance', () => {
  // Not a snapshot of the moment: a cache outlives the process that filled it.
  expect(
    fingerprint('syntax = "proto3"; message Request { int32 n = 1; } message Response {}'),
  ).toBe('xu894fZgfexgYzf17E5aWUXxdujbUlce7-IiIKmybn4');
});

test('does not change with comments, layout or the order of fields', () => {
  const same = TEXT.replace('message Item', '/** An item. */ message  Item').replace(
    'int32 n = 1; Request parent = 2;',
    'Request parent = 2; int32 n = 1;',
  );
  expect(fingerprint(same)).toBe(fingerprint(TEXT));
});

test.each([
  ['a type', 'int32 n', 'int64 n'],
  ['a number', 'int32 n = 1', 'int32 n = 9'],
  ['a name', 'int32 n', 'int32 m'],
  ['a label', 'int32 n', 'repeated int32 n'],
  ['a json_name', 'int32 n = 1', 'int32 n = 1 [json_name = "x"]'],
  ['an enum value', 'B = 1', 'C = 1'],
  ['the response', 'double score', 'float score'],
  ['a oneof', 'int32 n = 1;', 'oneof o { int32 n = 1; }'],
  ['what an Any may hold', 'message Response', 'message Extra {} message Response'],
])('changes with %s', (_, from, to) => {
  expect(TEXT).toContain(from);
  expect(fingerprint(TEXT.replace(from, to))).not.toBe(fingerprint(TEXT));
});

test('changes with fieldNames', () => {
  const path = writeSchema(
    'syntax = "proto3"; message Request { int32 a_b = 1; } message Response {}',
  );
  const of = (fieldNames: 'json' | 'proto') =>
    compileSchema(protobufSchema(path, { fieldNames }), 'Test').fingerprint;
  expect(of('json')).not.toBe(of('proto'));
});
