import { expect, test } from 'vitest';
import protobuf from 'protobufjs';
import { compileSchema, protobufSchema } from '../../src/schema/index.js';
import { violationsOf } from './root-of.js';
import { writeSchema } from './schema-file.js';

const TEXT = `syntax = "proto3";
  message Request { string plain_name = 1; string other_name = 2 [json_name = "ID"]; }
  message Response { repeated Request items = 1; }`;

test.each([
  ['json', { plainName: 'a', ID: 'b' }],
  ['proto', { plain_name: 'a', other_name: 'b' }],
] as const)('fieldNames %s spells input and answers', (fieldNames, expected) => {
  const { request, response } = compileSchema(
    protobufSchema(writeSchema(TEXT), { fieldNames }),
    'Test',
  );
  for (const sent of [
    { plainName: 'a', ID: 'b' },
    { plain_name: 'a', other_name: 'b' },
  ]) {
    expect(request!.read(sent)).toStrictEqual(expected);
    expect(response!.write({ items: [sent] })).toStrictEqual({ items: [expected] });
  }
});

test('json_name replaces the derived name, whoever parsed the schema', () => {
  const loaded = compileSchema(writeSchema(TEXT), 'Test').request!;
  const camelCased = protobuf.parse(TEXT, { keepCase: false }).root;
  const given = compileSchema(camelCased, 'Test').request!;
  for (const codec of [loaded, given]) {
    expect(violationsOf(() => codec.read({ otherName: 'x' }))[0]?.path).toBe('$.otherName');
    expect(codec.read({ other_name: 'x', plain_name: 'y' })).toStrictEqual({
      ID: 'x',
      plainName: 'y',
    });
  }
});
