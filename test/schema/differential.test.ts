import { isDeepStrictEqual } from 'node:util';
import type { Type } from 'protobufjs';
import { expect, test } from 'vitest';
import { InvalidRequest } from '../../src/errors/index.js';
import { compileSchema } from '../../src/schema/index.js';
import { ModelBuilder } from '../../src/schema/model-builder.js';
import { Readers } from '../../src/schema/readers.js';
import { Report, ReportFull, type Reader } from '../../src/schema/report.js';
import { asText } from './as-text.js';
import { Random } from './random.js';
import { randomSchema } from './random-schema.js';
import { RandomValue } from './random-value.js';
import { reference } from './reference.js';

/** Repeat a run with SCHEMA_SEED=<the seed it printed>, lengthen it with SCHEMA_CASES. */
const SEED = Number(process.env['SCHEMA_SEED'] ?? Math.floor(Math.random() * 2 ** 32));
const CASES = Number(process.env['SCHEMA_CASES'] ?? 21_000);
const VALUES_PER_SCHEMA = 150;

test('the same verdict and the same message as ext/protojson', { timeout: 120_000 }, () => {
  console.info(`SCHEMA_SEED=${SEED} for these ${CASES} cases`);
  const random = new Random(SEED);
  const count = { accepted: 0, refused: 0, fast: 0 };
  const differences: unknown[] = [];

  for (let done = 0; done < CASES && differences.length < 5;) {
    const { root, text } = randomSchema(random);
    const type = root.lookupType('fuzz.v1.M0');
    const codec = compileSchema({ request: type }, 'Fuzz').request!;
    const slow = new Readers().of(new ModelBuilder('json').message(type));
    for (let i = 0; i < VALUES_PER_SCHEMA; i++, done++) {
      const breakage = random.pick([0, 0, 0.02, 0.1]);
      const value = new RandomValue(random, breakage, random.pick([0, 0.3])).message(type);
      const difference = compare(type, codec, slow, value, count);
      if (difference) differences.push({ ...difference, value, text });
    }
  }
  expect(differences).toEqual([]);
  // The generator must keep reaching all three ways through.
  expect(count.fast).toBeGreaterThan(CASES / 20);
  expect(count.refused).toBeGreaterThan(CASES / 10);
  expect(count.accepted).toBeGreaterThan(CASES / 4);
});

function compare(
  type: Type,
  codec: { read(value: unknown): unknown },
  slow: Reader,
  value: unknown,
  count: { accepted: number; refused: number; fast: number },
): Record<string, unknown> | undefined {
  const theirs = reference(type, value);
  const before = structuredClone(value);
  let canonical: unknown;
  try {
    canonical = codec.read(value);
  } catch (error) {
    if (!(error instanceof InvalidRequest)) return { wrongError: error };
    const places = error.details ?? [];
    if (places.length < 1 || places.length > 10) return { violations: places };
    count.refused++;
    if ('refused' in theirs || isNamed(places)) return undefined;
    return { weRefuse: places, theirs };
  }
  count.accepted++;
  if (!isDeepStrictEqual(value, before)) return { inputChanged: value };
  if ('refused' in theirs) return { weAccept: canonical, theirs };

  const again = reference(type, asText(canonical));
  if (!isDeepStrictEqual(again, theirs)) return { otherMessage: again, theirs, canonical };
  if (!isDeepStrictEqual(codec.read(canonical), canonical)) return { notIdempotent: canonical };
  if (canonical === value) count.fast++;
  const walked = walk(slow, value);
  if (!isDeepStrictEqual(walked, canonical)) return { slowMakes: walked, canonical };
  return undefined;
}

function walk(read: Reader, value: unknown): unknown {
  const report = new Report(false, false);
  try {
    const canonical = read(value, report, 0, 0);
    return report.violations.length === 0 ? canonical : report.violations;
  } catch (error) {
    if (error instanceof ReportFull) return report.violations;
    throw error;
  }
}

/**
 * Two of the named differences. The reference takes an Any with fields but without `@type` for an
 * empty one, ignores what stands beside the `value` of a well-known type in an Any, and lets keys
 * pass that could reach a prototype.
 */
function isNamed(violations: readonly { path: string; message: string }[]): boolean {
  return violations.some(
    ({ path, message }) =>
      (path.endsWith('["@type"]') && message.endsWith('got undefined')) ||
      message.startsWith('expected "@type" and "value" only') ||
      message.startsWith('expected a key that cannot reach a prototype'),
  );
}
