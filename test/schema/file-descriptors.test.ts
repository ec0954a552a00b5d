import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import descriptor from 'protobufjs/ext/descriptor.js';
import { describe, expect, test } from 'vitest';
import { fileDescriptorsOf } from '../../src/schema/descriptor/file-descriptors.js';
import { NamedFiles } from '../../src/schema/descriptor/named-files.js';
import { compileSchema } from '../../src/schema/index.js';
import { loadFile } from '../../src/schema/load.js';
import { protobufSchema } from '../../src/schema/protobuf-schema.js';
import { descriptorSetOf, hasProtoc } from './protoc.js';
import { temporaryFolder } from '../temporary-folder.js';
import type { Root } from 'protobufjs';

const { FileDescriptorProto, FileDescriptorSet } = descriptor;

/** A file's descriptor without what nobody needs who calls a method: where things stand, and options. */
function plain(bytes: Uint8Array): any {
  const { dependency = [], ...file } = FileDescriptorProto.toObject(
    FileDescriptorProto.decode(bytes),
    { enums: String, longs: Number },
  );
  delete file['options'];
  delete file['sourceCodeInfo'];
  return withoutEmpty({ ...file, dependency: [...dependency].sort() });
}

function withoutEmpty(value: any): any {
  if (Array.isArray(value)) return value.map(withoutEmpty);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value)
    .map(([key, inner]) => [key, withoutEmpty(key === 'nestedType' ? byName(inner) : inner)])
    .filter(([, inner]) => !(Array.isArray(inner) && inner.length === 0))
    .filter(([, inner]) => !(typeof inner === 'object' && Object.keys(inner).length === 0))
    .filter(([, inner]) => inner !== false && inner !== '');
  return Object.fromEntries(entries.sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** Nested messages, among which protoc puts the entries of maps elsewhere. */
function byName(nested: any): any {
  return [...nested].sort((one, other) => (one.name < other.name ? -1 : 1));
}

const TEXTS = {
  proto3: `syntax = "proto3"; package a.b;
    import "google/protobuf/timestamp.proto";
    import "google/protobuf/struct.proto";
    enum Kind { NONE = 0; ALIAS = 0; SOME = 5; option allow_alias = true; }
    message Request {
      string text_of_it = 1 [json_name = "said"];
      optional int32 maybe = 2;
      oneof choice { Kind kind = 3; Inner inner = 4; }
      map<string, Inner> by_name = 5;
      map<int32, Kind> kinds2 = 6;
      repeated float xs = 7;
      repeated int32 ys = 8 [packed = false];
      google.protobuf.Timestamp at = 9;
      message Inner { Request outer = 1; enum Deep { ZERO = 0; } Deep deep = 2; bytes raw = 3 [deprecated = true]; }
      optional string other = 10;
      google.protobuf.Struct free = 11;
    }
    message Response { Request.Inner inner = 1; }
    service Model {
      rpc Run(Request) returns (Response);
      rpc Tell(Request) returns (stream Response);
      rpc Hear(stream .a.b.Request) returns (.a.b.Response);
    }`,
  proto2: `syntax = "proto2"; package old;
    message Request {
      required string name = 1;
      optional int32 count = 2 [default = 7];
      repeated int32 xs = 3 [packed = true];
      repeated int32 ys = 4;
      extensions 100 to 200;
      optional group Result = 5 { optional string url = 6; }
    }
    message Other { extend Request { optional string inside = 101; } }
    extend Request { optional Other more = 100; }
    enum Closed { A = 1; B = -2; }`,
  defaults: `syntax = "proto2"; package d;
    enum Kind { A = 1; B = 2; }
    message Request {
      optional bytes raw = 1 [default = "\\x01\\"\\\\\\'\\u00e9 ~"];
      optional string text = 2 [default = "\\"\\\\\\n"];
      optional float most = 3 [default = inf];
      optional double least = 4 [default = -inf];
      optional double none = 5 [default = nan];
      optional double below = 6 [default = -0.0];
      optional uint64 large = 7 [default = 18446744073709551615];
      optional Kind kind = 8 [default = B];
      optional bool sure = 9 [default = true];
      optional bytes nothing = 10 [default = ""];
    }`,
  maps: `syntax = "proto3"; package m;
    message Request {
      map<string, int32> _of = 1;
      map<bool, Request> __a__b_1 = 2;
      map<int32, bytes> To_ = 3;
    }`,
  nothing: `syntax = "proto3"; message Request {} message Response { Request r = 1; }`,
  edition: `edition = "2023"; package ed;
    enum Kind { option features.enum_type = CLOSED; K = 0; }
    message Request {
      int32 a = 1;
      int32 b = 2 [features.field_presence = IMPLICIT];
      int32 c = 3 [features.field_presence = LEGACY_REQUIRED];
      repeated int32 d = 4;
      repeated int32 e = 5 [features.repeated_field_encoding = EXPANDED];
      Request f = 6 [features.message_encoding = DELIMITED];
      Kind kind = 7;
    }`,
};

describe.skipIf(!hasProtoc())('the descriptor of a file', () => {
  test.each(Object.entries(TEXTS))('says what protoc says (%s)', (_, text) => {
    const folder = temporaryFolder('descriptors');
    const path = join(folder, 'schema.proto');
    writeFileSync(path, text);
    const { root } = loadFile(path, [], 'Test').names;
    const files = fileDescriptorsOf(root as Root);
    const set: any = FileDescriptorSet.decode(descriptorSetOf(text));
    expect(files.map(({ name }) => name).sort()).toEqual(set.file.map((f: any) => f.name).sort());
    for (const theirs of set.file) {
      const ours = files.find(({ name }) => name === theirs.name)!;
      expect(plain(ours.bytes)).toEqual(plain(FileDescriptorProto.encode(theirs).finish()));
    }
  });
});

test('files have the names that they have within their folder', () => {
  const folder = temporaryFolder('descriptors');
  mkdirSync(join(folder, 'common'));
  writeFileSync(join(folder, 'common/b.proto'), 'syntax = "proto3"; package c; message B {}');
  writeFileSync(
    join(folder, 'a.proto'),
    'syntax = "proto3"; import "common/b.proto"; message Request { c.B b = 1; } message Response {} service S { rpc R(Request) returns (Response); }',
  );
  const { method } = compileSchema(protobufSchema(join(folder, 'a.proto'), { rpc: 'S.R' }), 'Test');
  const files = fileDescriptorsOf(method!.root);
  expect(files.map(({ name }) => name)).toEqual(['a.proto', 'common/b.proto']);
  expect(files[0]!.dependencies).toEqual([files[1]]);
  expect([...files[0]!.symbols]).toEqual(['Request', 'Request.b', 'Response', 'S', 'S.R']);
});

test('a file is the same for roots that have it in different folders', () => {
  const folder = temporaryFolder('descriptors');
  for (const name of ['a', 'b']) mkdirSync(join(folder, name));
  const service = 'service S { rpc R(Request) returns (Request); }';
  writeFileSync(
    join(folder, 'a/a.proto'),
    `syntax = "proto3"; package a; message Request {} ${service}`,
  );
  writeFileSync(
    join(folder, 'b/b.proto'),
    `syntax = "proto3"; package b; import "a/a.proto"; message Request { a.Request a = 1; } ${service}`,
  );
  const taken = new NamedFiles();
  const [one, other] = ['a/a.proto', 'b/b.proto'].map((name) => {
    const schema = protobufSchema(join(folder, name), { rpc: 'S.R', includeDirs: [folder] });
    return fileDescriptorsOf(compileSchema(schema, 'Test').method!.root, taken);
  });
  expect(one!.map(({ name }) => name)).toEqual(['a.proto']);
  expect(other!.map(({ name }) => name)).toEqual(['b/b.proto', 'a.proto']);
  expect(other![1]!.bytes).toEqual(one![0]!.bytes);
  const { dependency } = FileDescriptorProto.decode(other![0]!.bytes) as { dependency?: string[] };
  expect(dependency).toEqual(['a.proto']);
});
