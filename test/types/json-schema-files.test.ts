import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import formats from 'ajv-formats';
import { Ajv2020 } from 'ajv/dist/2020.js';
import prettier from 'prettier';
import { describe, expect, test } from 'vitest';
import { jsonSchema, type JsonSchema, type ProtobufSchema } from '../../src/index.js';
import { run } from './command.js';
import { folderOf } from './project.js';
import { SCHEMAS } from './schemas.js';

const addFormats = formats.default;

describe('types --json-schema', () => {
  const jsonOf = (folder: string, name: string) =>
    JSON.parse(readFileSync(join(folder, name), 'utf8')) as JsonSchema;

  test('writes what a running app says of the same schema', async () => {
    const folder = folderOf(SCHEMAS);
    const said = await run(folder, 'types', 'edition.proto', '--json-schema');
    const written = ['proto.ts', 'request.schema.json', 'response.schema.json'];
    const stdout = written.map((ending) => `edition.${ending} written\n`).join('');
    expect(said).toEqual({ code: 0, stdout, stderr: '' });
    const module = (await import(join(folder, 'edition.proto.ts'))) as Record<
      string,
      ProtobufSchema
    >;
    const schema = module['editionSchema']!;
    const $comment = expect.stringMatching(/^Generated from edition\.proto by/);
    expect(jsonOf(folder, 'edition.request.schema.json')).toEqual({
      ...jsonSchema(schema),
      $comment,
    });
    const answer = jsonSchema(schema.response, { direction: 'output' });
    expect(jsonOf(folder, 'edition.response.schema.json')).toEqual({ ...answer, $comment });
  });

  test('of several endpoints the whole is any of them', async () => {
    const folder = folderOf({
      'calls.proto': `syntax = "proto3"; package p; import "google/protobuf/timestamp.proto";
        message Node { Node next = 1; int64 id = 2; }
        service S {
          rpc Walk(Node) returns (Node);
          rpc Again(Node) returns (google.protobuf.Timestamp);
          rpc Watch(google.protobuf.Timestamp) returns (stream Node);
        }`,
    });
    await run(folder, 'types', 'calls.proto', '--json-schema');
    const ajv = addFormats(new Ajv2020({ strict: true }));
    const request = ajv.compile(jsonOf(folder, 'calls.request.schema.json'));
    const response = ajv.compile(jsonOf(folder, 'calls.response.schema.json'));
    for (const value of [{ next: { id: 5 } }, {}, '2026-01-01T00:00:00+01:00'])
      expect(request(value), JSON.stringify(value)).toBe(true);
    for (const value of [{ next: 5 }, 'tomorrow', 5]) expect(request(value)).toBe(false);
    expect(response({ next: { id: '5' } })).toBe(true);
    expect(response({ next: { id: 5 } })).toBe(false);
    expect(response('2026-01-01T00:00:00Z')).toBe(true);
  });

  test('of none there are the definitions of the messages', async () => {
    const folder = folderOf({
      'shared.proto': 'syntax = "proto3"; package p; message A { message B { int32 n = 1; } B b = 1; }',
      'empty.proto': 'syntax = "proto3";',
    });
    await run(folder, 'types', '.', '--json-schema');
    const { $defs, ...rest } = jsonOf(folder, 'shared.request.schema.json');
    expect($defs).toMatchObject({ 'p.A.B': {}, 'p.A': { properties: { b: { anyOf: [{ $ref: '#/$defs/p.A.B' }, {}] } } } });
    expect(Object.keys(rest)).toEqual(['$schema', '$comment']);
    expect(jsonOf(folder, 'empty.response.schema.json')).toMatchObject({ $defs: {} });
  }); // prettier-ignore

  test('what ajv takes is laid out as Prettier would, and checked', async () => {
    const folder = folderOf(SCHEMAS);
    const args = ['types', '**/*.proto', '--include', '.', '--json-schema'];
    expect(await run(folder, ...args)).toMatchObject({ code: 0, stderr: '' });
    const names = readdirSync(folder, { recursive: true, encoding: 'utf8' });
    const schemas = names.filter((name) => name.endsWith('.schema.json'));
    expect(schemas.length).toBeGreaterThan(10);
    for (const name of schemas) {
      const text = readFileSync(join(folder, name), 'utf8');
      expect(text).toBe(await prettier.format(text, { parser: 'json' }));
      addFormats(new Ajv2020({ allowUnionTypes: true })).compile(jsonOf(folder, name));
    }
    expect(await run(folder, ...args, '--check')).toEqual({ code: 0, stdout: '', stderr: '' });
    writeFileSync(join(folder, 'pairs.response.schema.json'), '{}');
    expect(await run(folder, ...args, '--check')).toEqual({
      code: 1,
      stdout: '',
      stderr: 'pairs.response.schema.json is stale: run nestjs-model-serving types --json-schema\n',
    });
  });
});
