import protobuf from 'protobufjs';
import { describe, expect, test } from 'vitest';
import { compileSchema, protobufSchema, type SchemaSource } from '../../src/schema/index.js';
import { rootOf, violationsOf } from './root-of.js';
import { writeSchema } from './schema-file.js';

const RESPONSE = 'message Response {}';

function requestOf(source: SchemaSource) {
  return compileSchema(source, 'Test').request!;
}

/** A value that is canonical already comes back as the same object. */
function expectCanonical(source: SchemaSource, value: object): void {
  expect(requestOf(source).read(value)).toEqual(value);
}

describe('groups', () => {
  const text = `syntax = "proto2"; package p;
    message Request {
      optional group MyGroup = 1 { optional int32 n = 1; oneof x { int32 a = 2; group Inner = 3 {} } }
      repeated group Many = 4 { optional MyGroup again = 1; }
      oneof choice { group InOneof = 5 { optional string s = 1; } string other = 6; }
      extensions 100 to max;
    }
    extend Request { optional group ExtGroup = 100 { optional int32 z = 1; } }
    ${RESPONSE}`;
  const path = writeSchema(text);

  test.each([
    { mygroup: { n: 1 } },
    { mygroup: { inner: {} } },
    { many: [{ again: { n: 1 } }, {}] },
    { inoneof: { s: 'x' } },
    { '[p.extgroup]': { z: 1 } },
  ])('%j', (value) => {
    expectCanonical(path, value);
    expectCanonical(protobufSchema(path, { fieldNames: 'proto' }), value);
  });

  test('the name in capitals is unknown', () => {
    for (const value of [{ myGroup: {} }, { MyGroup: {} }, { inOneof: {} }]) {
      expect(violationsOf(() => requestOf(path).read(value))[0]?.message).toMatch(/unknown field/);
    }
  });

  test('count in their oneof', () => {
    const both = { inoneof: {}, other: 'x' };
    expect(violationsOf(() => requestOf(path).read(both))[0]?.message).toMatch(/oneof choice/);
  });

  test('of a Root that protobufjs has parsed', () => {
    const root = rootOf(
      `syntax = "proto2"; message Request { optional group MyGroup = 1 { optional MyGroup in = 2; } } ${RESPONSE}`,
    );
    expectCanonical(root, { mygroup: { in: {} } });
  });

  test('delimited fields of an edition keep their names', () => {
    const edition = writeSchema(
      `edition = "2023"; message Request { Sub mySub = 1 [features.message_encoding = DELIMITED]; message Sub { int32 n = 1; } } ${RESPONSE}`,
    );
    expectCanonical(edition, { mySub: { n: 1 } });
  });
});

describe('NullValue', () => {
  const path = writeSchema(
    `syntax = "proto3"; import "google/protobuf/struct.proto";
     message Request { google.protobuf.NullValue one = 1; repeated google.protobuf.NullValue many = 2;
       map<string, google.protobuf.NullValue> named = 3; oneof o { google.protobuf.NullValue in = 4; string s = 5; } } ${RESPONSE}`,
  );

  test.each([[null], ['NULL_VALUE'], [0]])('as %j', (value) => {
    const body = { one: value, many: [value, value], named: { a: value }, in: value };
    const canonical = { one: null, many: [null, null], named: { a: null }, in: null };
    expect(requestOf(path).read(body)).toEqual(canonical);
    expect(compileSchema(path, 'Test').request!.read(canonical)).toEqual(canonical);
  });

  test.each([['null'], [false], ['NULL'], [1.5], [{}]])('not as %j', (value) => {
    expect(violationsOf(() => requestOf(path).read({ one: value }))).toHaveLength(1);
  });
});

describe('comments', () => {
  test.each([
    ['beside tokens', 'message Request// text\n{/**/string/*a*/name/*b*/=/*c*/1/* the name */;// end\n}'],
    ['that look like strings', 'message Request { /* "open */ string name = 1; // it\'s\n /* " */ }'],
    ['that hold the other kind', 'message Request { // /* open\n string name = 1; /* // */ }'],
    ['within options', 'message Request { string name = 1/* x */[/* y */deprecated/**/=/**/true/* z */]/**/; }'],
    ['at the very end', 'message Request { string name = 1; } // no line end'],
  ])('%s', (_, text) => {
    const end = text.includes('no line end') ? '' : '\n';
    expectCanonical(writeSchema(`syntax = "proto3";${RESPONSE}${text}${end}`), { name: 'x' });
  }); // prettier-ignore
});

describe('files of protobuf itself need no folder', () => {
  test.each([
    'go_features', 'java_features', 'cpp_features', 'c_sharp_features', 'descriptor', 'json_enumvalue_options', 'compiler/plugin',
  ])('%s', (file) => {
    const path = writeSchema(
      `edition = "2023"; import "google/protobuf/${file}.proto"; option features.(pb.go).api_level = API_OPEN;
       message Request { int32 n = 1; } ${RESPONSE}`,
    );
    expectCanonical(path, { n: 1 });
  }); // prettier-ignore

  test('their features are messages, which nothing else imports', () => {
    const path = writeSchema(
      `edition = "2023"; import "google/protobuf/go_features.proto"; message Request { pb.GoFeatures f = 1; } ${RESPONSE}`,
    );
    expectCanonical(path, { f: {} });
  });
});

describe('names', () => {
  const WORDS = ['message', 'option', 'rpc', 'oneof', 'group', 'map', 'repeated', 'syntax', 'import', 'package', 'service',
    'enum', 'extend', 'extensions', 'reserved', 'returns', 'stream', 'to', 'max', 'optional', 'required', 'export', 'local',
    'true', 'inf', 'string', 'int32', 'constructor', 'toString', 'hasOwnProperty', 'valueOf']; // prettier-ignore

  test.each(['proto3', 'proto2'])('reserved words as fields of %s', (syntax) => {
    const label = syntax === 'proto2' ? 'optional ' : '';
    const fields = WORDS.map((word, i) => `${label}int32 ${word} = ${i + 1};`).join('\n');
    const path = writeSchema(`syntax = "${syntax}"; message Request { ${fields} } ${RESPONSE}`);
    expectCanonical(path, Object.fromEntries(WORDS.map((word) => [word, 1])));
  });

  test('reserved words as types, values and packages', () => {
    const path = writeSchema(
      `syntax = "proto3"; package message.option;
       message Request { map map = 1; toString t = 2; enum enum { message = 0; max = 1; } Request.enum e = 3; message.option.map m = 4;
         map<string, map> by = 5; }
       message map { int32 map = 1; } message toString { int32 n = 1; } ${RESPONSE}`,
    );
    expectCanonical(path, {
      map: { map: 1 },
      t: { n: 1 },
      e: 'max',
      m: { map: 2 },
      by: { a: { map: 1 } },
    });
  });

  test('an empty json_name', () => {
    const path = writeSchema(
      `syntax = "proto3"; message Request { int32 n = 1 [json_name = ""]; int32 m = 2; } ${RESPONSE}`,
    );
    expectCanonical(path, { '': 1, m: 2 });
    expect(requestOf(path).read({ n: 1 })).toEqual({ '': 1 });
  });

  test('a json_name with escapes, and in pieces', () => {
    const path = writeSchema(
      String.raw`syntax = "proto3"; message Request { int32 n = 1 [json_name = "a\"\x41\303\251" 'b\u00e9\t']; } ${RESPONSE}`,
    );
    expectCanonical(path, { 'a"Aéb\u00e9\t': 1 });
  });
});

describe('options', () => {
  test('braces, lists and strings in each other', () => {
    const path = writeSchema(
      `syntax = "proto3"; import "google/protobuf/descriptor.proto";
       message Opt { string a = 1; repeated Opt list = 2; map<string, Opt> by = 3; double d = 4; }
       extend google.protobuf.MessageOptions { Opt opt = 50000; } extend google.protobuf.FieldOptions { Opt field = 50000; }
       message Request {
         option (opt) = { a: "}" 'x' list { a: "{" } list: [ { a: "]" }, {} ]; by: < key: "k" value: { a: "//" } >, d: -inf };
         option (opt).list = { list { list {} } };
         int32 n = 1 [(field) = { by { key: "a" value {} } }, deprecated = true, (field).a = "];", json_name = "N"];
       } ${RESPONSE}`,
    );
    expectCanonical(path, { N: 1 });
  });

  test('features as a block, of the file and of a field', () => {
    const path = writeSchema(
      `edition = "2023"; option features = { enum_type: CLOSED field_presence: IMPLICIT };
       enum Closed { A = 1; } enum Open { option features.enum_type = OPEN; Z = 0; }
       message Request { Closed c = 1 [features = { field_presence: EXPLICIT }]; Open o = 2; } ${RESPONSE}`,
    );
    expectCanonical(path, { c: 'A', o: 7 });
    expect(violationsOf(() => requestOf(path).read({ c: 7 }))).toHaveLength(1);
  });

  test("a value's name in JSON", () => {
    const of = (option: string) =>
      writeSchema(
        `syntax = "proto3"; import "google/protobuf/json_enumvalue_options.proto";
         enum E { A = 0 [${option}]; } message Request { E e = 1; } ${RESPONSE}`,
      );
    expectCanonical(of('(pb.enumvalue.json).string = "first"'), { e: 'first' });
    expectCanonical(of('(pb.enumvalue.json) = { string: "first" }'), { e: 'first' });
    expectCanonical(of('(.pb.enumvalue.json).string = "first"'), { e: 'first' });
  });
});

test('both spellings of an optional field are one violation', () => {
  const path = writeSchema(
    `syntax = "proto3"; message Request { optional int32 a_b = 1; int32 _a_b = 2; } ${RESPONSE}`,
  );
  const violations = violationsOf(() => requestOf(path).read({ aB: 1, a_b: 1 }));
  expect(violations.map(({ message }) => message)).toEqual([
    'expected one spelling of the field, got "aB" as well',
  ]);
});

describe('what is wrong is said in one sentence with its line:', () => {
  test.each<[string, string, RegExp]>([
    ['a comment without end', 'syntax = "proto3";\n/* x', /:2: a comment does not end/],
    ['a string without end', 'syntax = "proto3";\nimport "x;\n', /:2: a string does not end on its line/],
    ['the end of the file', 'syntax = "proto3";\nmessage M {', /:2: unexpected end of the file/],
    ['a missing semicolon', 'syntax = "proto3";\nmessage M { int32 a = 1 }', /:2: illegal token '}', expected ';'/],
    ['an unknown edition', 'edition = "1999";', /:1: expected 2023 or 2024/],
    ['a number out of range', 'syntax = "proto3"; message M { int32 a = 0; }', /:1: illegal id 0/],
    ['a number given twice', 'syntax = "proto3"; message M { int32 a = 1; int32 b = 1; }', /:1: duplicate id 1 in M \(a, b\)/],
    ['a number given twice, lines below', 'syntax = "proto3"; message M {\n int32 a = 1;\n int32 b = 1;\n\n}', /:3: duplicate id 1 in M/],
    ['two fields of one JSON name', 'syntax = "proto3"; message Request {\n int32 a_b = 1;\n int32 aB = 2;\n} message Response {}', /:3: message Request has two fields that are "aB"/],
    ['an import that is not there', 'syntax = "proto3";\n\nimport "nope.proto";', /:3: expected the import "nope.proto"/],
    ['a label in proto2', 'syntax = "proto2"; message M { int32 a = 1; }', /:1: illegal token 'int32', expected a label/],
    ['a group in proto3', 'syntax = "proto3"; message M { repeated group G = 1 {} }', /:1: illegal token 'group'/],
  ])('%s', (_, text, message) => {
    const compile = () => compileSchema(writeSchema(text), 'Test');
    expect(compile).toThrow(message);
    expect(compile).toThrow(/^Test: schema [^\n]*$/);
  }); // prettier-ignore
});

test('a schema parsed by protobufjs and one from the file have one fingerprint', () => {
  const text = `syntax = "proto3"; package p; message Request { optional int32 a_b = 1; E e = 2; map<string, Request> m = 3;
    oneof o { string s = 4; bytes b = 5; } } enum E { Z = 0; } ${RESPONSE}`;
  const { root } = protobuf.parse(text, { keepCase: true });
  expect(compileSchema(writeSchema(text), 'Test').fingerprint).toBe(
    compileSchema(root, 'Test').fingerprint,
  );
});
