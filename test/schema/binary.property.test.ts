import { isDeepStrictEqual } from 'node:util';
import { expect, test } from 'vitest';
import { InvalidRequest } from '../../src/errors/index.js';
import { compileSchema, type MessageCodec } from '../../src/schema/index.js';
import { asText } from './as-text.js';
import { EsMessage } from './protobuf-es.js';
import { hasProtoc } from './protoc.js';
import { Random } from './random.js';
import { randomSchema } from './random-schema.js';
import { RandomValue } from './random-value.js';

/** Repeat a run with SCHEMA_SEED=<the seed it printed>, lengthen it with SCHEMA_CASES. */
const SEED = Number(process.env['SCHEMA_SEED'] ?? Math.floor(Math.random() * 2 ** 32));
const CASES = Number(process.env['SCHEMA_CASES'] ?? 1_500);
const VALUES_PER_SCHEMA = 100;

test.skipIf(!hasProtoc())(
  'a message is the same canonical value in binary as in JSON, and an answer what protobuf-es reads',
  { timeout: 120_000 },
  () => {
    console.info(`SCHEMA_SEED=${SEED} for these ${CASES} messages`);
    const random = new Random(SEED);
    const differences: unknown[] = [];
    let compared = 0;
    for (let done = 0; done < CASES && differences.length < 5;) {
      const { root, text } = randomSchema(random);
      const type = root.lookupType('fuzz.v1.M0');
      const codec = compileSchema({ request: type }, 'Fuzz').request!;
      // protoc refuses some schemas that are only here to be hostile.
      const es = attempt(() => new EsMessage(text, 'fuzz.v1.M0'));
      if (es === undefined) continue;
      let earlier: Uint8Array = new Uint8Array();
      for (let i = 0; i < VALUES_PER_SCHEMA; i++, done++) {
        // A number of google.protobuf.NullValue that is not 0 stays one here, and is null there.
        const values = new RandomValue(random, 0, text.includes('NullValue') ? 0 : 0.3);
        const bytes = attempt(() => es.bytesOfJson(asText(codec.read(values.message(type)))));
        if (bytes === undefined) continue;
        // The halves of two Anys make a third, whose content protobuf-es reads whatever its wire types.
        const merged = text.includes('protobuf.Any') ? [] : [Buffer.concat([earlier, bytes])];
        for (const sent of [bytes, ...merged]) {
          const json = attempt(() => es.jsonOfBytes(sent));
          if (json === undefined) continue;
          compared++;
          const difference = compare(codec, es, json, sent);
          if (difference) differences.push({ ...difference, json, text, sent });
        }
        earlier = bytes;
      }
    }
    expect(differences).toEqual([]);
    // protobuf-es cannot read fields named as what every object inherits.
    expect(compared).toBeGreaterThan(CASES / 5);
  },
);

/** Some bits turned, bytes missing or new. */
function tamperedWith(bytes: Uint8Array, random: Random): Uint8Array {
  const out = [...bytes];
  for (let i = 1 + random.below(3); i > 0 && out.length > 0; i--) {
    const at = random.below(out.length);
    const ways = [
      () => (out[at]! ^= 1 << random.below(8)),
      () => out.splice(at, 1 + random.below(3)),
      () => out.splice(at, 0, random.below(256)),
      () => (out.length = at),
    ];
    random.pick(ways)();
  }
  return Uint8Array.from(out);
}

function attempt<T>(action: () => T): T | undefined {
  try {
    return action();
  } catch {
    return undefined;
  }
}

function compare(
  codec: MessageCodec,
  es: EsMessage,
  json: unknown,
  bytes: Uint8Array,
): object | undefined {
  const canonical = codec.read(json);
  const binary = codec.readBinary(bytes);
  if (!isDeepStrictEqual(binary, canonical)) return { binary, canonical };
  for (const answer of [binary, asText(binary)]) {
    const written = codec.writeBinary(answer);
    const theirs = es.jsonOfBytes(written);
    if (!isDeepStrictEqual(theirs, json)) return { written, theirs };
    // No byte more than protobuf-es needs, whose maps are in another order.
    if (es.sameBytes(written).length !== written.length) return { written };
  }
  return undefined;
}

test('bytes that were tampered with are a canonical message or a 400', { timeout: 60_000 }, () => {
  console.info(`SCHEMA_SEED=${SEED} for these ${CASES} messages`);
  const random = new Random(SEED);
  const count = { read: 0, refused: 0 };
  for (let done = 0; done < CASES;) {
    const type = randomSchema(random).root.lookupType('fuzz.v1.M0');
    const codec = compileSchema({ request: type }, 'Fuzz').request!;
    for (let i = 0; i < VALUES_PER_SCHEMA; i++, done++) {
      const value = new RandomValue(random, 0, 0.3).message(type);
      const bytes = attempt(() => codec.encode(codec.read(value)));
      if (bytes === undefined) continue;
      try {
        const canonical = codec.readBinary(tamperedWith(bytes, random));
        expect(codec.read(canonical)).toEqual(canonical);
        const written = codec.writeBinary(canonical);
        expect(codec.writeBinary(codec.readBinary(written))).toEqual(written);
        count.read++;
      } catch (error) {
        if (!(error instanceof InvalidRequest)) throw error;
        expect(error.details?.length).toBeGreaterThan(0);
        count.refused++;
      }
    }
  }
  // The generator must keep reaching both.
  expect(Math.min(count.read, count.refused)).toBeGreaterThan(CASES / 20);
});
