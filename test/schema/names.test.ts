import protobuf from 'protobufjs';
import { describe, expect, test } from 'vitest';
import { ConfigurationError } from '../../src/errors/index.js';
import { compileSchema, protobufSchema } from '../../src/schema/index.js';
import { rootOf, violationsOf } from './root-of.js';
import { writeSchema } from './schema-file.js';

const PROTO3 = 'syntax = "proto3";';

/** What the field `f` of `Request` says of a wrong value: `expected …`. */
function expectedOf(text: string): string {
  const path = writeSchema(`${text} message Response {}`);
  return complaintOf(path, { f: true });
}

function complaintOf(source: Parameters<typeof compileSchema>[0], value: object): string {
  const { request } = compileSchema(source, 'Test');
  return violationsOf(() => request!.read(value))[0]?.message ?? 'nothing';
}

/** Each text declares several types that the name could mean; the second column is the right one. */
const SCOPES: [string, string, string][] = [
  ['a nested type of a sibling', 'message Status { message State {} } message State {} message Request { State f = 1; }', 'p.State'],
  ['a nested enum of a sibling', 'message Status { enum State { A = 0; } } message State {} message Request { State f = 1; }', 'p.State'],
  ['an enum beside a sibling\'s message', 'message Status { message State {} } enum State { A = 0; } message Request { State f = 1; }', 'p.State'],
  ['its own nested type', 'message State {} message Request { message State {} State f = 1; }', 'p.Request.State'],
  ['a path through a sibling', 'message Status { message State {} } message State {} message Request { Status.State f = 1; }', 'p.Status.State'],
  ['a leading dot', 'message State {} message Request { message p { message State {} } .p.State f = 1; }', 'p.State'],
  ['the package, written out', 'message State {} message Request { message State {} p.State f = 1; }', 'p.State'],
  ['a type nested in another nested one', 'message State {} message Request { message Other { message State {} } State f = 1; }', 'p.State'],
  ['an enum nested in another nested type', 'message State {} message Request { message Other { enum State { A = 0; } } State f = 1; }', 'p.State'],
  ['an enum, beside a deeper message', 'enum State { A = 0; } message Request { message Other { message State {} } State f = 1; }', 'p.State'],
  ['a deeper path', 'message A { message B {} } message Request { message Other { message A { message B {} } } A.B f = 1; }', 'p.A.B'],
  ['a map\'s value', 'message Status { message State {} } message State {} message Request { map<string, State> f = 1; }', 'map'],
  ['a oneof\'s field', 'message Status { message State {} } message State {} message Request { oneof o { State f = 1; } }', 'p.State'],
  ['a field of its own name', 'message Status { message f {} } message f {} message Request { f f = 1; }', 'p.f'],
  ['a type like a scalar\'s neighbour', 'message toString {} message Request { toString f = 1; }', 'p.toString'],
]; // prettier-ignore

describe('a name is looked for from the innermost scope outwards:', () => {
  test.each(SCOPES)('%s', (_, text, right) => {
    const expected = right === 'map' ? 'an object (a map)' : right;
    expect(expectedOf(`${PROTO3} package p; ${text}`)).toContain(expected);
  });

  test.each(SCOPES)('%s, in a Root of protobufjs', (_, text, right) => {
    const root = rootOf(`${PROTO3} package p; ${text} message Response {}`);
    const expected = right === 'map' ? 'an object (a map)' : right;
    expect(complaintOf(root, { f: true })).toContain(expected);
  });

  test.each(SCOPES)('%s, in a JSON descriptor', (_, text, right) => {
    const { root } = protobuf.parse(`${PROTO3} package p; ${text} message Response {}`);
    const path = writeSchema(JSON.stringify(root.toJSON()), 'names.json');
    const expected = right === 'map' ? 'an object (a map)' : right;
    expect(complaintOf(path, { f: true })).toContain(expected);
  });

  test('a map of messages holds the right ones', () => {
    const path = writeSchema(
      `${PROTO3} package p; message Status { message State { int32 wrong = 1; } } message State { int32 right = 1; }
       message Request { map<string, State> f = 1; } message Response {}`,
    );
    const body = { f: { a: { right: 1 } } };
    expect(compileSchema(path, 'Test').request!.read(body)).toBe(body);
  });
});

describe('among files', () => {
  writeSchema(`${PROTO3} message State { int32 none = 1; } message Request {}`, 'none.proto');
  writeSchema(`${PROTO3} package other; message State {} message Only {}`, 'other.proto');
  writeSchema(`${PROTO3} package foo.bar; message State {} message Only {}`, 'foo-bar.proto');
  writeSchema(`${PROTO3} package bar; message State {} message Only {}`, 'bar.proto');
  writeSchema(`${PROTO3} package public; import public "bar.proto";`, 'public.proto');
  writeSchema(`${PROTO3} package through; import "bar.proto";`, 'through.proto');
  const importing = (files: readonly string[], text: string) =>
    `${PROTO3} package foo; ${files.map((file) => `import "${file}.proto";`).join('')} ${text}`;

  test('a file without a package does not win over the own one', () => {
    const text = importing(['none'], 'message State {} message Request { State f = 1; }');
    expect(expectedOf(text)).toContain('(foo.State)');
  });

  test('a package with the same last name does not win', () => {
    const text = importing(['other', 'none'], 'message Request { State f = 1; }');
    expect(expectedOf(text)).toContain('(State)');
  });

  test('a type of the outer package wins over one nested beside', () => {
    writeSchema(`${PROTO3} package foo; message State {} enum Kind { A = 0; }`, 'foo.proto');
    const text = (type: string) =>
      `${PROTO3} package foo.inner; import "foo.proto"; message Status { message State {} message Kind {} } message Request { ${type} f = 1; }`;
    expect(expectedOf(text('State'))).toContain('(foo.State)');
    expect(expectedOf(text('Kind'))).toContain('a value of foo.Kind');
  });

  test('packages that share a prefix: the innermost decides', () => {
    const text = importing(['foo-bar', 'bar'], 'message Request { bar.State f = 1; }');
    expect(expectedOf(text)).toContain('(foo.bar.State)');
  });

  test('a leading dot goes past it', () => {
    const text = importing(['foo-bar', 'bar'], 'message Request { .bar.State f = 1; }');
    expect(expectedOf(text)).toContain('(bar.State)');
  });

  test('only what is imported counts', () => {
    // foo.bar is in the root, by way of another file, and not seen from here.
    writeSchema(`${PROTO3} package hidden; import "foo-bar.proto";`, 'hidden.proto');
    const text = importing(['hidden', 'bar'], 'message Request { bar.State f = 1; }');
    expect(expectedOf(text)).toContain('(bar.State)');
  });

  test('a public import is seen by whoever imports its file', () => {
    const text = importing(['public'], 'message Request { bar.State f = 1; }');
    expect(expectedOf(text)).toContain('(bar.State)');
  });

  test("the file's own Request comes before an imported one", () => {
    const text = importing(['none'], 'message Request { int32 f = 1; }');
    expect(expectedOf(text)).toContain('int32');
  });

  const refusal = (text: string): string => {
    const path = writeSchema(`${text} message Response {}`);
    try {
      compileSchema(path, 'Classifier');
    } catch (error) {
      expect(error).toBeInstanceOf(ConfigurationError);
      return (error as Error).message.replace(path, 'x.proto');
    }
    throw new Error('expected a refusal');
  };

  test('what is not found is named with its place and where it was looked for', () => {
    expect(refusal(importing(['bar'], 'message Request {\n bar.Nope f = 1; }'))).toBe(
      'Classifier: schema x.proto:2: field foo.Request.f has the unknown type bar.Nope: looked for foo.Request.bar.Nope, then foo.bar.Nope, then bar.Nope in the file and its imports',
    );
  });

  test('the first segment decides, also against a type further out', () => {
    expect(
      refusal(importing(['bar'], 'message Request { message bar {}\n bar.Only f = 1; }')),
    ).toMatch(
      /foo\.Request\.f has the unknown type bar\.Only: looked for foo\.Request\.bar\.Only in/,
    );
  });

  test('a file that is not imported is named', () => {
    expect(refusal(importing(['through'], 'message Request { bar.Only f = 1; }'))).toMatch(
      /; bar\.Only is in .*bar\.proto, which the file does not import$/,
    );
  });

  test.each([
    ['extend Nope { optional int32 x = 1; }', /the message that foo\.x extends has the unknown type Nope/],
    ['service S { rpc Do(Request) returns (Nope); }', /the response of rpc foo\.S\.Do has the unknown type Nope/],
    ['message M { map<string, Nope> m = 1; }', /field foo\.M\.m has the unknown type Nope/],
    ['message M { oneof o { Nope m = 1; } }', /field foo\.M\.m has the unknown type Nope/],
  ])('%s', (text, message) => {
    expect(refusal(`${PROTO3} package foo; message Request {} ${text}`)).toMatch(message);
  }); // prettier-ignore

  test('a Root that cannot be resolved', () => {
    const { root } = protobuf.parse(
      `${PROTO3} package p; message Request { message Q {} Q.Nope n = 1; } message Response {} message Nope {}`,
    );
    expect(() => compileSchema(root, 'Test')).toThrow(
      'field p.Request.n has the unknown type Q.Nope: looked for p.Request.Q.Nope',
    );
  });
});

test("an application's Root stays as it is", () => {
  const root = rootOf(
    `${PROTO3} package p; message Status { message State {} } message State {}
     message Request { State f = 1; } message Response {}`,
  );
  const before = JSON.stringify(root.toJSON());
  const resolved = root.lookupType('p.Request').fields['f']!.resolvedType;
  compileSchema(root, 'Test');
  expect(JSON.stringify(root.toJSON())).toBe(before);
  expect(root.lookupType('p.Request').fields['f']!.resolvedType).toBe(resolved);
});

test('extensions are of the message that their name means', () => {
  const text = `syntax = "proto2"; package p;
    message Status { message State { extensions 100 to max; } } message State { extensions 100 to max; }
    extend State { optional int32 x = 100; } message Request { optional State f = 1; } message Response {}`;
  for (const source of [writeSchema(text), rootOf(text)]) {
    const body = { f: { '[p.x]': 1 } };
    expect(compileSchema(source, 'Test').request!.read(body)).toBe(body);
  }
});

test('an Any names its message in full', () => {
  const path = writeSchema(
    `${PROTO3} package p; import "google/protobuf/any.proto"; message Outer { message M { int32 a = 1; } }
     message M { string b = 1; } message Request { google.protobuf.Any any = 1; } message Response {}`,
  );
  const { request } = compileSchema(path, 'Test');
  const of = (name: string, value: object) => ({ any: { '@type': `x/${name}`, ...value } });
  expect(request!.read(of('p.M', { b: 'x' }))).toEqual(of('p.M', { b: 'x' }));
  expect(request!.read(of('p.Outer.M', { a: 1 }))).toEqual(of('p.Outer.M', { a: 1 }));
  for (const name of ['M', 'Outer.M', 'p']) {
    expect(violationsOf(() => request!.read(of(name, {})))[0]?.path).toBe('$.any["@type"]');
  }
});

describe('rpc', () => {
  const path = writeSchema(
    `${PROTO3} package p; message Hello { int32 n = 1; } message World { string s = 1; }
     message Outer { message Hello { bool wrong = 1; } }
     service Greeter { rpc Greet(Hello) returns (p.World); rpc Chat(stream Hello) returns (World); rpc Watch(Hello) returns (stream World); }
     service Other { rpc Greet(World) returns (Hello); }`,
  );
  const compile = (rpc: string, options = {}) =>
    compileSchema(protobufSchema(path, { rpc, ...options }), 'Test');

  test.each(['Greeter.Greet', 'p.Greeter.Greet', '.p.Greeter.Greet'])('%s', (rpc) => {
    const { request, response } = compile(rpc);
    expect(request!.read({ n: '1' })).toEqual({ n: 1 });
    expect(response!.write({ s: 'x' })).toEqual({ s: 'x' });
  });

  test('whose answer is a stream', () => {
    expect(compile('Greeter.Watch').method).toMatchObject({ name: 'Watch', responseStream: true });
  });

  test('of a package', () => {
    expect(compile('Other.Greet', { package: 'p' }).request!.read({ s: 'x' })).toEqual({ s: 'x' });
  });

  test.each<[string, object, RegExp]>([
    ['Greeter.Nope', {}, /option rpc expected a method of a service of .*, as "Greeter\.Greet", got "Greeter\.Nope"; it has p\.Greeter\.Greet, p\.Greeter\.Chat/],
    ['Greet', {}, /as "Greeter\.Greet", got "Greet"/],
    ['Greeter.toString', {}, /got "Greeter\.toString"/],
    ['Greeter.Chat', {}, /takes one message, got "Greeter\.Chat", whose request is a stream/],
    ['', {}, /option rpc expected a name, got ""/],
    ['Greeter.Greet', { request: 'Hello' }, /expected either the option rpc, which gives both messages, or request, got both/],
    ['Greeter.Greet', { response: 'World' }, /or response, got both/],
  ])('%s %j is refused', (rpc, options, message) => {
    expect(() => compile(rpc, options)).toThrow(ConfigurationError);
    expect(() => compile(rpc, options)).toThrow(message);
  }); // prettier-ignore
});
