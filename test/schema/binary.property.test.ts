import { isDeepStrictEqual } from 'node:util';
import { expect, test } from 'vitest';
import { compileSchema, type MessageCodec } from '../../src/schema/index.js';
import { asText } from './as-text.js';
import { EsMessage } from './protobuf-es.js';
import { hasProtoc } from './protoc.js';
import { Random } from './random.js';
import { randomSchema } from './random-schema.js';
import { RandomValue } from './random-value.js';

/** Repeat a run with SCHEMA_SEED=<the seed it printed>, lengthen it with SCHEMA_CASES. */
const SEED = Number(process.env['SCHEMA_SEED'] ?? Math.floor(Math.random() * 2 ** 32));
const CASES = Number(process.env['SCHEMA_CASES'] ?? 2_000);
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
      const codec = compileSchema({ request: root.lookupType('fuzz.v1.M0') }, 'Fuzz').request!;
      const es = oracleOf(text);
      for (let i = 0; i < VALUES_PER_SCHEMA; i++, done++) {
        if (es === undefined) continue;
        const value = new RandomValue(random, 0, text.includes('NullValue') ? 0 : 0.3).message(root.lookupType('fuzz.v1.M0'));
        const accepted = attempt(() => asText(codec.read(value)));
        const bytes = attempt(() => es.bytesOfJson(accepted));
        const json = bytes && attempt(() => es.jsonOfBytes(bytes));
        if (bytes === undefined || json === undefined) continue;
        compared++;
        const difference = compare(codec, es, json, bytes);
        if (difference) differences.push({ ...difference, json, text, bytes: Buffer.from(bytes).toString('hex') });
      }
    }
    console.info(compared);
    if (process.env['DEBUG_ES']) for (const d of differences) console.log('DIFF', JSON.stringify(d));
    expect(differences).toEqual([]);
    expect(compared).toBeGreaterThan(CASES / 2);
  },
);

/** protoc refuses some schemas that are only here to be hostile. */
function oracleOf(text: string): EsMessage | undefined {
  return attempt(() => new EsMessage(text, 'fuzz.v1.M0'));
}

function attempt<T>(action: () => T): T | undefined {
  try {
    return action();
  } catch(e) {
    if (process.env['DEBUG_ES']) console.log(String(e).slice(0,300));
    return undefined;
  }
}

function compare(codec: MessageCodec, es: EsMessage, json: unknown, bytes: Uint8Array): object | undefined {
  let canonical: unknown;
  try { canonical = codec.read(json); } catch (error) { return { refusedJson: (error as any).details ?? error }; }
  let binary: unknown;
  try { binary = codec.readBinary(bytes); } catch (error) { return { refusedBinary: (error as any).details ?? error }; }
  if (!isDeepStrictEqual(binary, canonical)) return { binary, canonical };
  if (!isDeepStrictEqual(codec.read(binary), binary)) return { notCanonical: binary };
  for (const answer of [binary, asText(binary)]) {
    const written = codec.writeBinary(answer);
    if (!isDeepStrictEqual(es.jsonOfBytes(written), json)) return { answer: es.jsonOfBytes(written) };
    if (es.sameBytes(written).length !== written.length) return { length: written.length, theirs: bytes.length };
  }
  return undefined;
}
