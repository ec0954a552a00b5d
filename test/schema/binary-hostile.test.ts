import { isDeepStrictEqual } from 'node:util';
import { describe, expect, test } from 'vitest';
import { InvalidRequest } from '../../src/errors/index.js';
import { compileSchema } from '../../src/schema/index.js';
import { EsMessage } from './protobuf-es.js';
import { hasProtoc } from './protoc.js';
import { Random } from './random.js';
import { RandomValue } from './random-value.js';
import { rootOf } from './root-of.js';
import { asText } from './as-text.js';

const SEED = Number(process.env['SCHEMA_SEED'] ?? Math.floor(Math.random() * 2 ** 32));
const CASES = Number(process.env['SCHEMA_CASES'] ?? 4_000);

export const TEXTS = {
  proto3: `syntax = "proto3"; package fuzz.v1;
    enum E0 { E0_ZERO = 0; E0_ONE = 1; E0_MINUS = -1; }
    message M0 {
      int32 i = 1; sint64 big = 2; string s = 3; bytes b = 4; double d = 5; M1 m = 6; repeated M1 ms = 7;
      repeated float fs = 8; map<string, M1> by_text = 9; map<int32, string> by_number = 10; E0 e = 11; repeated E0 es = 12;
      oneof choice { M1 left = 13; string right = 14; M2 other = 15; }
      google.protobuf.Timestamp at = 16; google.protobuf.Duration took = 17; google.protobuf.Struct st = 18;
      google.protobuf.Value v = 19; google.protobuf.ListValue l = 20; google.protobuf.Any any = 21;
      google.protobuf.Int64Value wi = 22; google.protobuf.FieldMask mask = 23; repeated google.protobuf.Any anys = 24;
      repeated bool flags = 25; repeated fixed64 longs = 26; optional uint32 u = 300;
    }
    message M1 { string title = 1; M1 inner = 2; repeated int32 ns = 3; google.protobuf.Any any = 4; }
    message M2 { bool on = 1; google.protobuf.BytesValue raw = 2; M0 all = 3; }`,
  proto2: `syntax = "proto2"; package fuzz.v1;
    enum E0 { E0_ZERO = 0; E0_ONE = 1; E0_MINUS = -1; }
    message M0 {
      optional E0 e = 1; repeated E0 es = 2; optional group Grp = 3 { optional int32 in_group = 1; optional M1 deep = 2; }
      repeated group Many = 4 { optional string s = 1; } map<string, E0> by_text = 5; optional M1 m = 6;
      repeated int32 ns = 7 [packed = true]; oneof choice { E0 one = 8; M1 two = 9; } extensions 100 to 200;
    }
    message M1 { optional float f = 1; optional M0 all = 2; }
    message M2 { optional sint32 x = 1; }
    extend M0 { optional int32 ext_num = 101; repeated M1 ext_list = 102; }`,
};

/** One or two messages after another, with some of their bits turned and bytes missing or new. */
export function mutated(bytes: Uint8Array, other: Uint8Array, random: Random): Buffer {
  const out = [...bytes, ...(random.chance(0.4) ? other : [])];
  for (let i = random.below(4); i > 0 && out.length > 0; i--) {
    const at = random.below(out.length);
    const kind = random.below(4);
    if (kind === 0) out[at]! ^= 1 << random.below(8);
    else if (kind === 1) out.splice(at, 1 + random.below(3));
    else if (kind === 2) out.splice(at, 0, random.below(256));
    else out.length = at;
  }
  return Buffer.from(out);
}

describe.skipIf(!hasProtoc()).each(Object.entries(TEXTS))('%s', (_, text) => {
  test('bytes that were tampered with are a message or a 400, as protobuf-es has it', { timeout: 120_000 }, () => {
    console.info(`SCHEMA_SEED=${SEED} for these ${CASES} messages`);
    const random = new Random(SEED);
    const type = rootOf(text).lookupType('fuzz.v1.M0');
    const codec = compileSchema({ request: type }, 'Fuzz').request!;
    const es = new EsMessage(text, 'fuzz.v1.M0');
    const values = new RandomValue(random, 0, 0);
    const count = { read: 0, refused: 0 };
    const differences: unknown[] = [];
    for (let i = 0; i < CASES && differences.length < 5; i++) {
      const next = () => codec.encode(values.message(type));
      const bytes = mutated(next(), next(), random);
      const ours = attempt(() => codec.readBinary(bytes));
      const theirs = attempt(() => es.jsonOfBytes(bytes));
      if ('error' in ours) {
        count.refused++;
        if (!(ours.error instanceof InvalidRequest)) throw ours.error;
        if (!('error' in theirs)) differences.push({ bytes: bytes.toString('hex'), refused: ours.error.details, theirs });
        continue;
      }
      count.read++;
      if ('error' in theirs) { differences.push({ bytes: bytes.toString('hex'), ours: asText(ours.value), theirs: String(theirs.error) }); continue; }
      const again = es.jsonOfBytes(codec.encode(ours.value));
      if (!isDeepStrictEqual(again, theirs.value)) differences.push({ bytes: bytes.toString('hex'), again, theirs });
      if (!isDeepStrictEqual(codec.read(ours.value), ours.value)) differences.push({ bytes: bytes.toString('hex'), notCanonical: ours.value });
    }
    for (const d of differences) console.log('DIFF', JSON.stringify(d));
    console.log(count);
    expect(differences).toEqual([]);
    expect(Math.min(count.read, count.refused)).toBeGreaterThan(CASES / 10);
  });
});

function attempt(action: () => unknown): { value: unknown } | { error: unknown } {
  try {
    return { value: action() };
  } catch (error) {
    return { error };
  }
}
