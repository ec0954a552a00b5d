import { appendFileSync, writeFileSync } from 'node:fs';
import { Type } from 'protobufjs';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { ConfigurationError } from '../../src/errors/index.js';
import { compileSchema, protobufSchema } from '../../src/schema/index.js';
import { loadFile } from '../../src/schema/load.js';
import { Tokens } from '../../src/schema/proto/tokens.js';
import { writeSchema } from './schema-file.js';
import { leastCpu } from '../least-cpu.js';

const HEAD = 'syntax = "proto3"; package p; message Response {}\n';

afterEach(() => vi.restoreAllMocks());

const many = (count: number, of: (i: number) => string) =>
  Array.from({ length: count }, (_, i) => of(i)).join('\n');

describe('a file is parsed once a process', () => {
  const path = writeSchema(`${HEAD} import "shared.proto"; message Request { Shared s = 1; }`);
  const shared = writeSchema(
    'syntax = "proto3"; package p; message Shared { int32 n = 1; }',
    'shared.proto',
  );
  const names = (options = {}) => {
    const { includeDirs = [] } = options as { includeDirs?: string[] };
    return loadFile(path, includeDirs, 'Test').names;
  };

  test('however many endpoints use it, and whichever messages', () => {
    const parsed = vi.spyOn(Type.prototype, 'add');
    compileSchema(path, 'First');
    const once = parsed.mock.calls.length;
    compileSchema(path, 'Second');
    compileSchema(protobufSchema(path, { request: 'Shared' }), 'Third');
    expect(once).toBeGreaterThan(0);
    expect(parsed).toHaveBeenCalledTimes(once);
  });

  test('unless it, or what it imports, has changed', () => {
    const before = names();
    expect(names()).toBe(before);
    writeFileSync(shared, 'syntax = "proto3"; package p; message Shared { int32 m = 1; }');
    expect(compileSchema(path, 'Test').request!.read({ s: { m: 1 } })).toEqual({ s: { m: 1 } });
    const after = names();
    expect(after).not.toBe(before);
    appendFileSync(path, ' ');
    expect(names()).not.toBe(after);
  });

  test('in other folders it is another', () => {
    expect(names({ includeDirs: ['/nowhere'] })).not.toBe(names());
  });
});

/** A schema of some size, and how to write one of any. */
const SHAPES: [string, number, (count: number) => string][] = [
  [
    '12,000 messages in a chain',
    12_000,
    (n) => writeSchema(`${HEAD} message Request { M0 m = 1; } ${many(n, (i) => `message M${i} { M${(i + 1) % n} m = 1; }`)}`),
  ],
  [
    '6,000 messages that an Any may hold',
    6_000,
    (n) =>
      writeSchema(
        `${HEAD} import "google/protobuf/any.proto"; message Request { google.protobuf.Any any = 1; }
         ${many(n, (i) => `message M${i} { M${(i + 1) % n} m = 1; }`)}`,
      ),
  ],
  [
    'a chain of 6,000 messages that ends in bytes',
    6_000,
    (n) =>
      writeSchema(
        `${HEAD} message Request { M0 m = 1; } ${many(n, (i) => `message M${i} { ${i + 1 < n ? `M${i + 1} m` : 'bytes b'} = 1; }`)}`,
      ),
  ],
  [
    'a message of 6,000 fields',
    6_000,
    (n) => writeSchema(`${HEAD} message Request { ${many(n, (i) => `optional int32 f${i} = ${i + 1};`)} }`),
  ],
  [
    'a oneof of 6,000 fields',
    6_000,
    (n) => writeSchema(`${HEAD} message Request { oneof o { ${many(n, (i) => `int32 f${i} = ${i + 1};`)} } }`),
  ],
  [
    'an enum of 10,000 values',
    10_000,
    (n) => writeSchema(`${HEAD} message Request { E e = 1; } enum E { ${many(n, (i) => `V${i} = ${i};`)} }`),
  ],
  [
    '100,000 lines of comments on fields',
    100_000,
    (n) => writeSchema(`${HEAD} message Request { ${many(16, (i) => `${'// line\n'.repeat(n / 16)} int32 f${i} = ${i + 1};`)} }`),
  ],
  ['a chain of 2,000 imports', 2_000, (n) => importChain(n, 'import')],
  ['a chain of 2,000 public imports', 2_000, (n) => importChain(n, 'import public')],
]; // prettier-ignore

function importChain(length: number, word: string): string {
  const folder = `chain-${word.length}-${length}`;
  for (let i = 0; i < length; i++) {
    const next = i + 1 < length ? `${word} "${folder}/m${i + 1}.proto";` : '';
    const field = i + 1 < length ? `p${i + 1}.M m = 1;` : '';
    writeSchema(`syntax = "proto3"; package p.p${i}; ${next} message M { ${field} }`, `${folder}/m${i}.proto`);
  }
  return writeSchema(`${HEAD} import "${folder}/m0.proto"; message Request { p0.M m = 1; }`);
} // prettier-ignore

describe('loads, and the work grows with its size:', () => {
  const cost = (path: string): number =>
    leastCpu(() => {
      appendFileSync(path, '\n'); // a file that is as it was is not loaded again
      compileSchema(path, 'Test');
    });

  test.each(SHAPES)('%s', { timeout: 120_000 }, (_, count, write) => {
    const some = write(Math.ceil(count / 16));
    const all = write(count);
    compileSchema(some, 'Test');
    // Sixteen times for what is linear, 256 times for what is quadratic.
    expect(cost(all) / cost(some)).toBeLessThan(64);
  });
});

test('messages nested 200 deep', () => {
  const n = 200;
  const path = writeSchema(
    `${HEAD} message Request { M0 m = 1; } ${many(n, (i) => `message M${i} { M0 m = 1; M${i} own = 2;`)} ${'}'.repeat(n)}`,
  );
  const body = { m: { m: { own: {} } } };
  expect(compileSchema(path, 'Test').request!.read(body)).toBe(body);
});

describe('what cannot be loaded is a sentence:', () => {
  const deep = 100_000;
  test.each([
    ['messages nested too deep', () => `message A {`.repeat(deep) + '}'.repeat(deep), /messages nest deeper than 500 levels$/],
    ['groups nested too deep', () => `message A { ${`optional group G = 1 {`.repeat(deep)}`, /messages nest deeper than 500 levels$/],
    ['options nested too deep', () => `message A { option (x) = ${'{ a '.repeat(deep)}`, /an option nests deeper than 100$/],
    ['lists nested too deep', () => `message A { option (x) = { a: ${'['.repeat(deep)}`, /illegal value '\['$/],
    ['a package of too many parts', () => `package ${'a.'.repeat(deep)}a; message M {}`, /max depth exceeded$/],
  ])('%s', (_, text, message) => {
    const compile = () => compileSchema(writeSchema(`syntax = "proto2"; ${text()}`), 'Test');
    expect(compile).toThrow(ConfigurationError);
    expect(compile).toThrow(message);
    expect(compile).toThrow(/^Test: schema [^\n]*$/);
  }); // prettier-ignore

  test('a chain of messages is read to the usual depth', () => {
    const n = 5_000;
    const path = writeSchema(`${HEAD} message Request { M0 m = 1; } ${many(n, (i) => `message M${i} { M${(i + 1) % n} m = 1; }`)}`);
    const { request, fingerprint } = compileSchema(path, 'Test');
    expect(request!.read({ m: { m: { m: {} } } })).toEqual({ m: { m: { m: {} } } });
    expect(fingerprint).toHaveLength(43);
  }); // prettier-ignore
});

test('a comment of a million lines is one gap', () => {
  const tokens = new Tokens('x.proto', `${'// line\n'.repeat(1_000_000)}/*${' \n'.repeat(1_000_000)}*/ end`);
  expect([tokens.text, tokens.error('').line]).toEqual(['end', 2_000_001]);
}); // prettier-ignore
