import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import prettier from 'prettier';
import { globSync } from 'tinyglobby';
import { describe, expect, test } from 'vitest';
import { compileSchema, protobufSchema } from '../../src/schema/index.js';
import { describeFile } from '../../src/types/described-file.js';
import { generateTypes } from '../../src/types/generate-types.js';
import { INCLUDE } from '../schema/protoc.js';
import { generatedFolder } from './generated.js';
import { complaints, folderOf, PROJECTS } from './project.js';
import { SCHEMAS } from './schemas.js';

const ONNX = fileURLToPath(new URL('../../examples/iris/onnx.proto', import.meta.url));

const TYPES = Object.keys(SCHEMAS).map((name) => `${name}.ts`);

/** The types of one file, without its head and its schema. */
function typesOf(text: string): string {
  const folder = folderOf({ 'x.proto': text });
  return generateTypes(describeFile(join(folder, 'x.proto'), []), [], new Set())
    .replace(/^[^]*?(?=\n\n(?:export|\/\*\*))/, '')
    .replace(/\nconst files[^]*/, '')
    .trim();
}

describe('generated code compiles strictly in', () => {
  test.each(Object.entries(PROJECTS))('%s', (_, project) => {
    const folder = generatedFolder(SCHEMAS);
    expect(complaints(folder, TYPES, project)).toEqual([]);
  });
});

/** protobuf's own files, by their import paths. */
function publicFiles(): Record<string, string> {
  const files = globSync(['**/*.proto'], { cwd: INCLUDE }).map((name) => [
    name,
    readFileSync(join(INCLUDE, name), 'utf8'),
  ]);
  return Object.fromEntries([...files, ['onnx.proto', readFileSync(ONNX, 'utf8')]]);
}

test('so do the types of public files', () => {
  const files = publicFiles();
  const folder = generatedFolder(files);
  const names = Object.keys(files).map((name) => `${name}.ts`);
  expect(names.length).toBeGreaterThan(15);
  expect(complaints(folder, names)).toEqual([]);
});

test('it is laid out as Prettier would', async () => {
  const folder = generatedFolder(SCHEMAS);
  for (const name of TYPES) {
    const text = readFileSync(join(folder, name), 'utf8');
    expect(text).toBe(await prettier.format(text, { parser: 'typescript' }));
  }
});

test('it is the same each time, and whatever the ends of lines', () => {
  const folder = generatedFolder(SCHEMAS);
  const windows = Object.entries(SCHEMAS).map(([name, text]) => [name, `\uFEFF${text.replaceAll('\n', '\r\n')}`]);
  const again = generatedFolder(Object.fromEntries(windows) as Record<string, string>);
  for (const name of TYPES) {
    expect(readFileSync(join(again, name), 'utf8')).toBe(readFileSync(join(folder, name), 'utf8'));
  }
}); // prettier-ignore

describe('of a message', () => {
  test('there is what the handler gets and what it may return, with its comments', () => {
    expect(
      typesOf(`syntax = "proto3"; package p;
// What is asked.
message Ask {
  // In a few words.
  //
  // Or more.
  string text = 1 [deprecated = true];
  int64 id = 2; // Of the asker.
  repeated float scores = 3;
}`),
    ).toBe(`/** What is asked. */
export interface AskInput {
  /**
   * In a few words.
   *
   * Or more.
   *
   * @deprecated
   */
  text?: string;
  /** Of the asker. */
  id?: string;
  scores?: Float[];
}

/** What is asked. */
export interface AskOutput {
  /**
   * In a few words.
   *
   * Or more.
   *
   * @deprecated
   */
  text?: string | undefined;
  /** Of the asker. */
  id?: Int64Like | undefined;
  scores?: NumbersLike<Float> | undefined;
}`);
  });

  test('a oneof has one case at most', () => {
    expect(
      typesOf('syntax = "proto3"; message M { bool b = 1; oneof o { string s = 2; M m = 3; } }'),
    ).toContain(`export type MInput = {
  b?: boolean;
} & OneOf<{
  s: string;
  m: MInput;
}>;`);
  });

  test('oneofs that multiply to more than TypeScript bears are plain fields', () => {
    const oneof = (name: string) =>
      `oneof ${name} { ${Array.from({ length: 40 }, (_, i) => `bool ${name}${i} = ${name.charCodeAt(0) * 100 + i};`).join(' ')} }`;
    const folder = generatedFolder({
      'x.proto': `syntax = "proto3"; message M { ${['a', 'b', 'c', 'd', 'e'].map(oneof).join('\n')} }`,
    });
    expect(complaints(folder, ['x.proto.ts'])).toEqual([]);
    expect(readFileSync(join(folder, 'x.proto.ts'), 'utf8')).toMatch(/OneOf<\{\n {2}a0: .*\n.*\n[^]*b0\?: boolean/);
  }); // prettier-ignore
});

test('of an enum there are its names, numbers of an open one, and aliases to return', () => {
  expect(
    typesOf(`syntax = "proto3";
// A colour.
enum Colour { option allow_alias = true; NONE = 0; RED = 1; // As blood.
  ROUGE = 1; }`),
  ).toBe(`/**
 * A colour.
 *
 * - \`RED\`: As blood.
 */
export type Colour = "NONE" | "RED";
export type ColourInput = Colour | number;
export type ColourOutput = Colour | "ROUGE" | number;`);
});

describe('types of an imported file are', () => {
  const files = {
    'a.proto': 'syntax = "proto3"; import "sub/b.proto"; message Request { b.B b = 1; } message Response {}',
    'sub/b.proto': 'syntax = "proto3"; package b; import "c.proto"; message B { C c = 1; } message C { int32 n = 1; }',
    'sub/c.proto': 'syntax = "proto3"; package c;',
  }; // prettier-ignore

  test('imported from its own, where it has some', () => {
    const folder = generatedFolder(files);
    const text = readFileSync(join(folder, 'a.proto.ts'), 'utf8');
    expect(text).toContain('import type { BInput, BOutput } from "./sub/b.proto.js";');
    expect(text).not.toContain('interface BInput');
  });

  test('declared beside the others where it has none', () => {
    const folder = folderOf(files);
    const text = generateTypes(describeFile(join(folder, 'a.proto'), []), [], new Set());
    expect(text).toContain('export interface BInput {\n  c?: CInput;\n}');
    expect(text).toContain('export interface CInput {\n  n?: number;\n}');
  });
});

test('what is extended in another file has its extensions where they are known', () => {
  const folder = generatedFolder({
    'base.proto': `syntax = "proto2"; package base;
      message Base { optional Inner inner = 1; optional Plain plain = 2; }
      message Inner { extensions 100 to max; repeated Inner more = 1; }
      message Plain { optional int32 n = 1; }`,
    'extending.proto': `syntax = "proto2"; package e; import "base.proto";
      message Request { optional base.Base base = 1; optional base.Plain plain = 2; }
      message Response {}
      message Outer { extend base.Inner { repeated Request requests = 101; } }
      extend base.Inner { optional int64 size = 100; }`,
    'use.ts': `import { extendingSchema, type RequestInput, type ResponseOutput } from './extending.proto.js';
      export const right: RequestInput = { base: { inner: { '[e.size]': '5', '[e.Outer.requests]': [{}] } }, plain: { n: 1 } };
      // @ts-expect-error of another type
      export const wrong: RequestInput = { base: { inner: { '[e.size]': 5 } } };
      // @ts-expect-error an extension that there is not
      export const unknown: RequestInput = { base: { inner: { '[e.nope]': 5 } } };
      export { extendingSchema, type ResponseOutput };`,
  });
  expect(complaints(folder, ['base.proto.ts', 'extending.proto.ts', 'use.ts'])).toEqual([]);
  const types = readFileSync(join(folder, 'extending.proto.ts'), 'utf8');
  expect(types).toContain('import type { PlainInput, PlainOutput } from "./base.proto.js";');
  const { request } = compileSchema(join(folder, 'extending.proto'), 'Test');
  const inner = { '[e.size]': 5, '[e.Outer.requests]': [{}] };
  expect(request!.read({ base: { inner } })).toEqual({ base: { inner: { ...inner, '[e.size]': '5' } } });
}); // prettier-ignore

describe('a file ends with schemas', () => {
  const schemasOf = (name: string) => {
    const text = readFileSync(join(generatedFolder(SCHEMAS), `${name}.ts`), 'utf8');
    return [...text.matchAll(/export const (\w+) = protobufSchema<\s*(\w+),\s*(\w+)\s*>/g)].map(
      ([, constant, request, response]) => `${constant}: ${request} ${response}`,
    );
  };
  test.each([
    [
      'every-kind.proto',
      [
        'everyKindSchema: RequestInput ResponseOutput',
        'classifierClassifySchema: RequestInput ResponseOutput',
        'streamSchema: RequestInput ResponseOutput',
        'defaultSchema: LonelyInput EmptyOutput',
        'otherClassifySchema: LonelyInput PointOutput',
      ],
    ],
    ['pairs.proto', ['addSchema: AddRequestInput AddResponseOutput', 'resetSchema: ResetRequestInput ResetResponseOutput']],
    ['edition.proto', ['editionSchema: RequestInput ResponseOutput']],
    ['1-odd.name.proto', ['_1OddNameSchema: RequestInput ResponseOutput']],
    ['proto2.proto', []],
    ['empty.proto', []],
  ])('of %s', (name, expected) => expect(schemasOf(name)).toEqual(expected)); // prettier-ignore
});

describe('a schema in memory', () => {
  const files = {
    'api/a.proto':
      'syntax = "proto3"; import "b.proto"; message Request { b.B b = 1; } message Response {}',
    'vendor/b.proto':
      'syntax = "proto3"; package b; import "google/protobuf/duration.proto"; message B { google.protobuf.Duration d = 1; }',
  };

  test('is the file that it was made of, wherever its imports lay', () => {
    const folder = folderOf(files);
    const path = join(folder, 'api/a.proto');
    const text = generateTypes(describeFile(path, [join(folder, 'vendor')]), [join(folder, 'vendor')], new Set());
    const [, source] = /const files = ([^]*?);\n\nexport const/.exec(text)!;
    const [, argument] = /protobufSchema<[^(]*\(([^]*)\);/.exec(text)!;
    const schema = new Function('protobufSchema', `const files = ${source}; return protobufSchema(${argument})`)(protobufSchema);
    const embedded = compileSchema(schema, 'Test');
    const onDisk = compileSchema(protobufSchema(path, { includeDirs: [join(folder, 'vendor')] }), 'Test');
    expect(embedded.fingerprint).toBe(onDisk.fingerprint);
    expect(embedded.request!.read({ b: { d: '1.0s' } })).toEqual({ b: { d: '1s' } });
  }); // prettier-ignore

  test.each([
    [{ file: 'x.proto', files }, /^Test: schema expected one of its files \(api\/a\.proto, vendor\/b\.proto\), got "x\.proto"$/],
    [{ file: 'api/a.proto', files }, /^Test: schema api\/a\.proto:1: expected the import "b\.proto" of the file in one of api, got no such file$/],
    [{ file: 'a', files: { a: 'syntax = "proto3";\nmessage Request { Nope n = 1; }' } }, /^Test: schema a:2: field Request\.n has the unknown type Nope/],
    [{ file: 'a', files: { a: 5 } }, /^Test: schema expected a path, a file: URL or \{ file, files \}/],
    [{ file: 'a', files: null }, /^Test: schema expected a path, a file: URL or/],
    [5, /^Test: schema expected a path, a file: URL or .* got 5$/],
  ])('that is none is refused: %j', (source, message) => {
    expect(() => compileSchema(protobufSchema(source as any), 'Test')).toThrow(message);
  }); // prettier-ignore
});
