import { isDeepStrictEqual } from 'node:util';
import type { Field, Type } from 'protobufjs';
import { expect, test } from 'vitest';
import { InvalidRequest } from '../../src/errors/index.js';
import { compileSchema, type MessageCodec } from '../../src/schema/index.js';
import { extensionName } from '../../src/schema/reflection.js';
import { setOwn } from '../../src/schema/report.js';
import { asText } from './as-text.js';
import { Random } from './random.js';
import { randomSchema } from './random-schema.js';
import { RandomValue } from './random-value.js';

const SEED = Number(process.env['SCHEMA_SEED'] ?? Math.floor(Math.random() * 2 ** 32));
const CASES = 5_000;

class Result {}

/** A canonical message as a model might return it: the same content in JavaScript's own types. */
function returned(type: Type, message: Record<string, unknown>, random: Random): unknown {
  const out = (random.chance(0.5) ? new Result() : {}) as Record<string, unknown>;
  for (const field of type.fieldsArray) {
    const key = extensionName(field) ?? field.jsonName ?? field.name;
    if (!Object.hasOwn(message, key)) {
      if (random.chance(0.3)) setOwn(out, key, undefined);
    } else {
      setOwn(out, key, returnedField(field, message[key], random));
    }
  }
  return out;
}

function returnedField(field: Field, value: unknown, random: Random): unknown {
  const one = (item: unknown) => (random.chance(0.7) ? returnedValue(field, item, random) : item);
  if (field.map) {
    const entries = Object.entries(value as object).map(([key, item]) => [key, one(item)] as const);
    if (random.chance(0.5)) return new Map(entries);
    const out = {};
    for (const [key, item] of entries) setOwn(out, key, item);
    return out;
  }
  if (!field.repeated) return one(value);
  const list = value as unknown[];
  if (field.type === 'bool') return Uint8Array.from(list, Number);
  const set = new Set(list);
  // A Set holds each value once, and 0 for -0.
  if (random.chance(0.2) && isDeepStrictEqual([...set], list)) return set;
  if (field.type === 'double') return Float64Array.from(list, Number);
  if (field.type === 'int64') return BigInt64Array.from(list as string[], BigInt);
  return list.map(one);
}

function returnedValue(field: Field, value: unknown, random: Random): unknown {
  const type = field.resolvedType;
  if (type?.fullName === '.google.protobuf.Timestamp') return new Date(value as string);
  if (type?.fullName.startsWith('.fuzz.') && 'fieldsArray' in type) {
    return returned(type as Type, value as Record<string, unknown>, random);
  }
  if (type) return value;
  if (field.type === 'bytes') return Buffer.from(value as string, 'base64');
  if (field.type === 'double' || field.type === 'float') return Number(value);
  return field.type.includes('64') ? BigInt(value as string) : value;
}

/** Node's comparison: vitest's is misled by a field named "constructor". */
function expectSame(actual: unknown, expected: unknown): void {
  if (!isDeepStrictEqual(actual, expected)) expect(actual).toStrictEqual(expected);
}

/** The generator rarely spells one map key in two ways, or leaves out what an Any requires. */
function canonicalMessage(codec: MessageCodec, values: RandomValue, type: Type): unknown {
  for (;;) {
    try {
      return asText(codec.read(values.message(type)));
    } catch (error) {
      if (!(error instanceof InvalidRequest)) throw error;
    }
  }
}

test(
  'an answer in JavaScript types goes out as the same canonical JSON',
  { timeout: 60_000 },
  () => {
    console.info(`SCHEMA_SEED=${SEED} for these ${CASES} answers`);
    const random = new Random(SEED);
    for (let done = 0; done < CASES;) {
      const { root } = randomSchema(random);
      const type = root.lookupType('fuzz.v1.M0');
      const codec = compileSchema({ response: type }, 'Fuzz').response!;
      for (let i = 0; i < 50; i++, done++) {
        const canonical = canonicalMessage(codec, new RandomValue(random, 0, 0.3), type);
        // What clients may send, handlers may return, and what they get, bytes and all, as well.
        expectSame(codec.write(canonical), canonical);
        expectSame(codec.write(codec.read(canonical)), canonical);
        if (codec.read(canonical) === canonical) expect(codec.write(canonical)).toBe(canonical);

        const answer = codec.write(returned(type, canonical as Record<string, unknown>, random));
        expectSame(answer, canonical);
      }
    }
  },
);
