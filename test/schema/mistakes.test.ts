import { describe, expect, test } from 'vitest';
import {
  compileSchema,
  protobufSchema,
  type ProtobufSchemaOptions,
} from '../../src/schema/index.js';

/** What boot says of these files, of which a.proto has the messages. */
function saidOf(files: Record<string, string>, options?: ProtobufSchemaOptions): string {
  try {
    compileSchema(protobufSchema({ file: 'a.proto', files }, options), 'Test');
  } catch (error) {
    return (error as Error).message;
  }
  return 'nothing';
}

const proto = (syntax: string, text: string) =>
  `syntax = "${syntax}";\nmessage Response {}\n${text}`;

describe('a mistake in what is declared is said with its line', () => {
  // In the text of each, after two lines, `←` marks where it is.
  test.each([
    ['message Request {\n Nope a = 1; ←\n}', /field Request\.a has the unknown type Nope/],
    ['message Request {\n int32 a = 1;\n string a = 2; ←\n}', /duplicate name 'a' in Request/],
    ['message Request {\n oneof o {\n  int32 a = 1;\n  int32 a = 2; ←\n }\n}', /duplicate name 'a'/],
    ['message Request {\n oneof o { int32 a = 1; }\n oneof o { int32 b = 2; } ←\n}', /duplicate name 'o'/],
    ['message Request {\n message A {}\n enum A { Z = 0; } ←\n}', /duplicate name 'A'/],
    ['message Request {\n reserved 2, 5 to 9;\n int32 a = 7; ←\n}', /id 7 is reserved in Request/],
    ['message Request {\n int32 a = 1; ←\n reserved "a";\n}', /name 'a' is reserved in Request/],
    ['message Request {\n reserved 4;\n oneof o {\n  int32 a = 1;\n  int32 b = 4; ←\n }\n}', /id 4 is reserved/],
    ['message Request {}\n\nenum Request { Z = 0; } ←', /duplicate name 'Request' .*at a\.proto:3 as well/],
    ['message Request {}\nenum E {\n A = 0;\n B = 0; ←\n}', /duplicate id 0 in Enum E/],
    ['message Request {}\nenum E {\n A = 0;\n A = 1; ←\n}', /duplicate name 'A' in Enum E/],
    ['message Request {\n map<float, int32> a = 1; ←\n}', /illegal type 'float'/],
    ['message Request {}\nservice S {\n rpc A(Nope) returns (Response); ←\n}', /rpc S\.A has the unknown type Nope/],
    ['message Request {}\nenum E { Z = 0; }\nservice S {\n rpc A(Request) returns (E); ←\n}', /the response of rpc S\.A is the enum E/],
    ['message Request {}\nservice S {\n rpc A(Request) returns (Response);\n rpc A(Request) returns (Response); ←\n}', /duplicate name 'A' in Service S, which is at a\.proto:5 as well/],
  ])('%j', (text, message) => {
    const line = 3 + text.slice(0, text.indexOf('←')).split('\n').length - 1;
    const said = saidOf({ 'a.proto': proto('proto3', text.replace('←', '')) });
    expect(said).toMatch(new RegExp(`^Test: schema .*a\\.proto:${line}: `));
    expect(said).toMatch(message);
  }); // prettier-ignore

  test.each([
    ['extend Request {\n optional int32 a = 100;\n optional int32 b = 100; ←\n}', /duplicate id 100/],
    ['enum E { Z = 0; }\nextend E {\n optional int32 a = 100; ←\n}', /a extends E, which is no message/],
    ['extend Nope { ←\n optional int32 a = 100;\n}', /the unknown type Nope/],
  ])('of an extension: %j', (text, message) => {
    const line = 4 + text.slice(0, text.indexOf('←')).split('\n').length - 1;
    const request = 'message Request { extensions 100 to 110; }\n';
    const said = saidOf({ 'a.proto': proto('proto2', request + text.replace('←', '')) });
    expect(said).toMatch(new RegExp(`^Test: schema a\\.proto:${line}: `));
    expect(said).toMatch(message);
  }); // prettier-ignore

  test('in the file where it is', () => {
    const a = proto('proto3', 'import "b.proto";\nmessage Request {}\nmessage B {}');
    expect(saidOf({ 'a.proto': a, 'b.proto': 'syntax = "proto3";\nmessage C {\n Nope n = 1;\n}' })).toMatch(/schema b\.proto:3: field C\.n/);
    expect(saidOf({ 'a.proto': a, 'b.proto': 'syntax = "proto3";\n\nenum B { Z = 0; }' })).toMatch(/schema b\.proto:3: duplicate name 'B' .*at a\.proto:5 as well/);
  }); // prettier-ignore
});

describe('an option that does not fit says where what it names is', () => {
  const text = proto(
    'proto3',
    `enum Request { Z = 0; }
message A { message X {} }
message B { message X {} }
service S {
  rpc Gather(stream A) returns (B);
}`,
  );
  test.each([
    [{}, /got the enum Request \(a\.proto:3\); it has Response, A, A\.X, B, B\.X; give/],
    [{ request: 'S' }, /got the service S \(a\.proto:6\)/],
    [{ request: 'X' }, /got several \(A\.X, B\.X\)/],
    [{ rpc: 'S.Gather' }, /whose request is a stream \(a\.proto:7\)/],
    [{ rpc: 'S.Gahter' }, /got "S\.Gahter"; it has S\.Gather/],
  ])('%j', (options, message) => {
    expect(saidOf({ 'a.proto': text }, options)).toMatch(message);
  });
});
