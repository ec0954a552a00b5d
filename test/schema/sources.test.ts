import { basename, dirname, relative } from 'node:path';
import { pathToFileURL } from 'node:url';
import protobuf from 'protobufjs';
import { describe, expect, test } from 'vitest';
import { ConfigurationError } from '../../src/errors/index.js';
import {
  compileSchema,
  protobufSchema,
  type ProtobufSchemaOptions,
  type SchemaSource,
} from '../../src/schema/index.js';
import { rootOf } from './root-of.js';
import { writeSchema } from './schema-file.js';

const TEXT =
  'syntax = "proto3"; package a.v1; message Request { int32 n = 1; } message Response { string s = 1; }';

function expectWorking(source: SchemaSource): void {
  const { request, response } = compileSchema(source, 'Test');
  expect(request!.read({ n: '1' })).toStrictEqual({ n: 1 });
  expect(response!.write({ s: 'x' })).toStrictEqual({ s: 'x' });
}

describe('a schema may be', () => {
  const path = writeSchema(TEXT);

  test('a path', () => expectWorking(path));
  test('a path relative to the working directory', () =>
    expectWorking(relative(process.cwd(), path)));
  test('a URL', () => expectWorking(pathToFileURL(path)));
  test('a URL as a string', () => expectWorking(pathToFileURL(path).href));
  test('protobufSchema', () => expectWorking(protobufSchema(path, { package: 'a.v1' })));
  test('a JSON descriptor', () => {
    expectWorking(writeSchema(JSON.stringify(rootOf(TEXT).toJSON()), 'descriptor.json'));
  });
  test('a Root', () => expectWorking(rootOf(TEXT)));
  test('an unresolved Root', () => expectWorking(protobuf.parse(TEXT).root));
  test('a Namespace', () => expectWorking(rootOf(TEXT).lookup('a.v1') as protobuf.Namespace));
  test('types', () => {
    const root = rootOf(TEXT);
    expectWorking({ request: root.lookupType('Request'), response: root.lookupType('Response') });
  });
  test('one type, and the other side is not validated', () => {
    const compiled = compileSchema({ request: rootOf(TEXT).lookupType('Request') }, 'Test');
    expect(compiled.request).toBeDefined();
    expect(compiled.response).toBeUndefined();
  });
  test('types of another copy of protobufjs', () => {
    const root = rootOf(TEXT);
    const foreign = Object.create(root.lookupType('Request')) as protobuf.Type;
    Object.setPrototypeOf(
      foreign,
      new Proxy(root.lookupType('Request'), { getPrototypeOf: () => null }),
    );
    expect(foreign instanceof protobuf.Type).toBe(false);
    expect(compileSchema({ request: foreign }, 'Test').request!.read({ n: '1' })).toEqual({ n: 1 });
  });
});

describe('imports are found', () => {
  const importing = (file: string, type: string) =>
    `syntax = "proto3"; import "${file}"; message Request { ${type} f = 1; } message Response {}`;

  test('beside the importing file, and beside the schema file', () => {
    writeSchema(
      'syntax = "proto3"; import "deep/c.proto"; package b; message B { c.C c = 1; }',
      'deep/b.proto',
    );
    writeSchema('syntax = "proto3"; package c; message C { int32 n = 1; }', 'deep/c.proto');
    const path = writeSchema(importing('deep/b.proto', 'b.B'), 'importing.proto');
    const body = { f: { c: { n: 1 } } };
    expect(compileSchema(path, 'Test').request!.read(body)).toBe(body);
  });

  test('in includeDirs first', () => {
    const included = writeSchema(
      'syntax = "proto3"; package i; message I { int32 yes = 1; }',
      'include/i.proto',
    );
    writeSchema('syntax = "proto3"; package i; message I { int32 no = 1; }', 'i.proto');
    const schema = protobufSchema(writeSchema(importing('i.proto', 'i.I')), {
      includeDirs: [dirname(included)],
    });
    expect(compileSchema(schema, 'Test').request!.read({ f: { yes: 1 } })).toEqual({
      f: { yes: 1 },
    });
  });

  test.each([
    ['google/protobuf/timestamp.proto', 'google.protobuf.Timestamp'],
    ['google/protobuf/struct.proto', 'google.protobuf.Struct'],
    ['google/protobuf/wrappers.proto', 'google.protobuf.Int32Value'],
    ['google/protobuf/descriptor.proto', 'google.protobuf.FileDescriptorProto'],
    ['google/protobuf/type.proto', 'google.protobuf.Type'],
  ])('%s comes with the package', (file, type) => {
    const path = writeSchema(importing(file, type));
    expect(compileSchema(path, 'Test').request).toBeDefined();
  });
});

describe('a mistake stops the boot in one sentence:', () => {
  const many = writeSchema(
    'syntax = "proto3"; package p; message A { message Request {} } message B { message Request {} } message Response {}',
  );
  const path = writeSchema(TEXT);
  const unknownOption = { pakage: 'a' } as ProtobufSchemaOptions;
  const Static = Object.assign(() => undefined, { encode() {}, decode() {} });

  const MISTAKES: [string, unknown, RegExp][] = [
    ['no such file', '/nowhere/x.proto', /expected a file, got \/nowhere\/x\.proto, which does not exist; if x\.proto is among the sources, have the build copy it: "compilerOptions": \{ "assets": \["\*\*\/\*\.proto"\] \} in nest-cli\.json/],
    ['no such descriptor', '/nowhere/x.json', /\["\*\*\/\*\.json"\]/],
    ['a folder', dirname(path), /schema .*EISDIR/],
    ['an http URL', new URL('http://localhost/x.proto'), /expected a path or a file: URL, got http/],
    ['a parse error', writeSchema('syntax = "proto3";\nmessage {', 'broken.proto'), /broken\.proto:2: illegal type name '{'/],
    ['an unknown type', writeSchema('syntax = "proto3"; message Request { Nope n = 1; } message Response {}'), /Nope/],
    ['a missing import', writeSchema('syntax = "proto3"; import "nope.proto";'), /expected the import "nope\.proto" of .*, got no such file/],
    ['broken JSON', writeSchema('{', 'broken.json'), /broken\.json: /],
    ['JSON that is no descriptor', writeSchema('{}', 'other.json'), /expected a protobufjs JSON descriptor/],
    ['no such message', protobufSchema(path, { request: 'Ask' }), /expected the request message "Ask" in .*, got a\.v1\.Request, a\.v1\.Response; give its name as the option request/],
    ['no such package', protobufSchema(path, { package: 'a.v2' }), /option package expected a package of .*, got "a\.v2"/],
    ['an ambiguous message', many, /expected the request message "Request" in .*, got several \(p\.A\.Request, p\.B\.Request\); give its full name/],
    ['an unknown option', protobufSchema(path, unknownOption), /got the unknown option "pakage"/],
    ['a bad fieldNames', protobufSchema(path, { fieldNames: 'snake' as 'json' }), /option fieldNames expected "json" or "proto", got "snake"/],
    ['a bad includeDirs', protobufSchema(path, { includeDirs: 'x' as unknown as string[] }), /option includeDirs expected an array of paths, got "x"/],
    ['a single type', rootOf(TEXT).lookupType('Request'), /got the single type a\.v1\.Request; pass \{ request/],
    ['a static class', Static, /pbjs -t static-module; pass the \.proto file/],
    ['a static class as a side', { request: Static }, /as request, got a class made by pbjs -t static-module; pass the \.proto file/],
    ['a static module', { Request: Static, Response: Static }, /pbjs -t static-module; pass the \.proto file/],
    ['another object', { input: 1 }, /got an object with "input"/],
    ['a side that is no type', { request: {} }, /expected a protobufjs Type as request, got an object/],
    ['neither side', {}, /expected a request or a response type, got neither/],
    ['a number', 7, /expected a path or URL .*, got 7/],
    ['nothing', undefined, /expected a path or URL .*, got undefined/],
    ['two fields of one JSON name', rootOf('syntax = "proto3"; message Request { int32 a_b = 1; int32 aB = 2; } message Response {}'), /message Request has two fields that are "aB" in JSON \(numbers 1 and 2\)/],
  ]; // prettier-ignore

  test.each(MISTAKES)('%s', (_, source, message) => {
    const compile = () => compileSchema(source as SchemaSource, 'LanguageClassifier');
    expect(compile).toThrow(ConfigurationError);
    expect(compile).toThrow(message);
    expect(compile).toThrow(/^LanguageClassifier: schema [^\n]*$/);
  });

  test('an ambiguous message is found by its full name', () => {
    const schema = protobufSchema(many, { request: 'p.B.Request' });
    expect(compileSchema(schema, 'Test').request).toBeDefined();
  });

  test('protobufSchema itself reads nothing', () => {
    expect(basename(String(protobufSchema('/nowhere/x.proto').file))).toBe('x.proto');
  });
});
