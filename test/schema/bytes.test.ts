import { describe, expect, test, vi } from 'vitest';
import { protobufSchema } from '../../src/index.js';
import { cacheKey } from '../../src/cache/index.js';
import { compileSchema } from '../../src/schema/index.js';
import { asText } from './as-text.js';
import { codecOf, codecOfFields, rootOf, violationsOf } from './root-of.js';
import { writeSchema } from './schema-file.js';

const HI = Buffer.from('hi');

/** Each row: a field's declaration, what a client sends for it, what the handler gets. */
const PLACES: [string, unknown, unknown][] = [
  ['bytes f = 1;', 'aGk=', HI],
  ['optional bytes f = 1;', 'aGk=', HI],
  ['repeated bytes f = 1;', ['aGk=', ''], [HI, Buffer.alloc(0)]],
  ['map<string, bytes> f = 1;', { a: 'aGk=' }, { a: HI }],
  ['map<int32, bytes> f = 1;', { 7: 'aGk=' }, { 7: HI }],
  ['oneof o { bytes f = 1; string s = 2; }', 'aGk=', HI],
  ['google.protobuf.BytesValue f = 1;', 'aGk=', HI],
  ['repeated google.protobuf.BytesValue f = 1;', ['aGk='], [HI]],
  ['map<string, google.protobuf.BytesValue> f = 1;', { a: 'aGk=' }, { a: HI }],
  ['M f = 1; bytes b = 2;', { f: { b: 'aGk=' }, b: 'aGk=' }, { f: { b: HI }, b: HI }],
  ['repeated M f = 1; bytes b = 2;', [{ b: 'aGk=' }, {}], [{ b: HI }, {}]],
  ['map<string, M> f = 1; bytes b = 2;', { a: { b: 'aGk=' } }, { a: { b: HI } }],
  [
    'google.protobuf.Any f = 1; bytes b = 2;',
    { '@type': 'x/M', b: 'aGk=' },
    { '@type': 'x/M', b: HI },
  ],
  [
    'google.protobuf.Any f = 1;',
    { '@type': 'x/google.protobuf.BytesValue', value: 'aGk=' },
    { '@type': 'x/google.protobuf.BytesValue', value: HI },
  ],
];

describe.each(PLACES)('%s', (fields, sent, seen) => {
  const codec = codecOfFields(fields);

  test('holds a Buffer in the handler', () => {
    const body = { f: sent };
    const before = structuredClone(body);
    const canonical = codec.read(body);
    expect(canonical).toStrictEqual({ f: seen });
    expect(body).toStrictEqual(before);
    expect(codec.read(canonical)).toStrictEqual(canonical);
  });

  test('holds one as well where the client wrote it in its own way', () => {
    // Null is not canonical, so that the readers have to make the message.
    expect(codec.read({ f: urlSafe(sent), ...absent(fields) })).toStrictEqual({ f: seen });
  });

  test('is the same text in the key of a cache and in an answer', () => {
    const canonical = codec.read({ f: sent });
    expect(cacheKey('scope', canonical, [])).toBe(cacheKey('scope', asText(canonical), []));
    expect(JSON.stringify(codec.write(canonical))).toBe(JSON.stringify({ f: sent }));
  });
});

function urlSafe(sent: unknown): unknown {
  return JSON.parse(JSON.stringify(sent).replaceAll('aGk=', 'aGk')) as unknown;
}

function absent(fields: string): object {
  return fields.includes(' b = 2') ? { b: null } : {};
}

test('base64 in a string or a Struct stays what it is', () => {
  const codec = codecOfFields('string s = 1; google.protobuf.Struct t = 2; bytes b = 3;');
  expect(codec.read({ s: 'aGk=', t: { b: 'aGk=' }, b: 'aGk=' })).toStrictEqual({
    s: 'aGk=',
    t: { b: 'aGk=' },
    b: HI,
  });
});

test('names as in the file, and extensions, hold Buffers too', () => {
  const path = writeSchema(`syntax = "proto2";
    message Request { optional bytes raw_data = 1; extensions 100 to 200; }
    extend Request { repeated bytes extra_data = 100; }
    message Response {}`);
  const codec = compileSchema(protobufSchema(path, { fieldNames: 'proto' }), 'Test').request!;
  expect(codec.read({ rawData: 'aGk=', '[extra_data]': ['aGk'] })).toStrictEqual({
    raw_data: HI,
    '[extra_data]': [HI],
  });
});

test('bytes that are no base64 are a violation at their place', () => {
  const codec = codecOfFields('repeated M f = 1; map<string, bytes> m = 2; bytes b = 3;');
  const body = { f: [{ b: 'aGk=' }, { b: 'a!==' }], m: { a: '*' }, b: 'x' };
  expect(violationsOf(() => codec.read(body)).map(({ path }) => path)).toEqual([
    '$.f[1].b',
    '$.m.a',
    '$.b',
  ]);
});

test('a Uint8Array is taken as it is, without a copy', () => {
  const codec = codecOfFields('bytes b = 1; repeated bytes f = 2; int32 n = 3;');
  const bytes = new Uint8Array([120, 104, 105]).subarray(1);
  for (const more of [{}, { n: '1' }]) {
    const { b, f } = codec.read({ b: bytes, f: [HI], ...more }) as { b: Buffer; f: Buffer[] };
    expect(b).toStrictEqual(HI);
    expect(b.buffer).toBe(bytes.buffer);
    expect(f[0]).toBe(HI);
  }
});

test('bytes under a key that looks like a way to a prototype are read again as they are', () => {
  const codec = codecOfFields('map<string, bytes> f = 1;');
  const canonical = codec.read({ f: { constructor: 'aGk=', prototype: 'aGk=' } });
  expect(canonical).toEqual({ f: { constructor: HI, prototype: HI } });
  expect(codec.read(canonical)).toEqual(canonical);
});

describe('nothing is copied', () => {
  const codec = codecOf(`syntax = "proto3";
    message M { string s = 1; Plain plain = 2; Raw raw = 3; Loop loop = 4; }
    message Plain { string s = 1; repeated Plain more = 2; }
    message Raw { bytes b = 1; string s = 2; }
    message Loop { Loop next = 1; Raw raw = 2; }`);

  test('where there are no bytes', () => {
    const body = { s: 'x', plain: { more: [{ s: 'y' }] }, raw: { s: 'z' }, loop: { next: {} } };
    expect(codec.read(body)).toBe(body);
  });

  test('beside the way to them', () => {
    const body = { plain: { s: 'y' }, loop: { next: { raw: { b: 'aGk=' } } } };
    const canonical = codec.read(body) as typeof body;
    expect(canonical.plain).toBe(body.plain);
    expect(canonical.loop.next.raw.b).toStrictEqual(HI);
    expect(body.loop.next.raw.b).toBe('aGk=');
  });
});

test('long base64 is decoded once', () => {
  const codec = codecOfFields('bytes b = 1;');
  const b = Buffer.alloc(3_000, 'x').toString('base64');
  const from = vi.spyOn(Buffer, 'from');
  codec.read({ b });
  expect(from).toHaveBeenCalledTimes(1);
  from.mockRestore();
});

test('bytes are found at the end of a long chain of types', () => {
  const types = Array.from({ length: 500 }, (_, i) => `message T${i} { T${i + 1} next = 1; }`);
  const root = rootOf(`syntax = "proto3"; ${types.join('\n')}
    message T500 { bytes b = 1; }
    message M { T490 near = 1; T0 far = 2; }`);
  const codec = compileSchema({ request: root.lookupType('M') }, 'Test').request!;
  let sent: object = { b: 'aGk=' };
  let seen: object = { b: HI };
  for (let i = 0; i < 10; i++) {
    sent = { next: sent };
    seen = { next: seen };
  }
  expect(codec.read({ near: sent })).toStrictEqual({ near: seen });
});

test.each([
  ['standard', '+/'],
  ['URL-safe', '-_'],
  ['of both', '+_'],
])('long base64, %s, padded or not, is the same bytes', (_, [first, second]) => {
  const bytes = Buffer.from(Array.from({ length: 400 }, (_, i) => (i * 7) % 256));
  const text = bytes.toString('base64').replaceAll('+', first!).replaceAll('/', second!);
  const codec = codecOfFields('bytes f = 1;');
  for (const f of [text, text.replaceAll('=', '')]) expect(codec.read({ f })).toEqual({ f: bytes });
  for (const f of [`${text.slice(1)}é`, `*${text.slice(1)}`]) {
    expect(() => codec.read({ f })).toThrow('expected base64');
  }
});
