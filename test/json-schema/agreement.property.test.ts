import { isDeepStrictEqual } from 'node:util';
import { Ajv, type ValidateFunction } from 'ajv';
import { Ajv2020 } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import { expect, test } from 'vitest';
import { ServingError, type Violation } from '../../src/errors/index.js';
import { compileSchema, type MessageCodec } from '../../src/schema/index.js';
import {
  jsonSchemaOf,
  TARGETS,
  type JsonSchemaTarget,
} from '../../src/schema/json-schema/index.js';
import { ModelBuilder } from '../../src/schema/model-builder.js';
import { asText } from '../schema/as-text.js';
import { randomSchema } from '../schema/random-schema.js';
import { RandomValue } from '../schema/random-value.js';
import { Random } from '../schema/random.js';

/** Repeat a run with SCHEMA_SEED=<the seed it printed>, lengthen it with JSON_SCHEMA_CASES=100000. */
const SEED = Number(process.env['SCHEMA_SEED'] ?? Math.floor(Math.random() * 2 ** 32));
const CASES = Number(process.env['JSON_SCHEMA_CASES'] ?? 4_000);
const VALUES_PER_SCHEMA = 200;

/** What JSON Schema cannot say, as the codec says it: docs/json-schema.md has the same list. */
const UNSAID = [
  /^expected at most 100 levels of nesting/,
  /^expected a (?:string|key) without unpaired surrogates/,
  /^expected each key once/,
  /^expected (?:u?int|s?fixed|sint)\d\d \(.*\), got "[^"]*[.eE]/,
  /^expected a (?:float|double), got "[-+.\deE]+"/,
  /^expected an RFC 3339 timestamp .*, got "(?:0001|9999)-/,
];

/** Of the keys of maps OpenAPI 3.0 says nothing. */
const UNSAID_IN_OPENAPI = [/ as key, got /, /^expected a key that cannot reach a prototype/];

interface Side {
  readonly target: JsonSchemaTarget;
  readonly side: 'request' | 'response';
  readonly codec: MessageCodec;
  readonly input: ValidateFunction;
  readonly output: ValidateFunction;
}

test('ajv and the codec agree, but for what JSON Schema cannot say', { timeout: 600_000 }, () => {
  console.info(`SCHEMA_SEED=${SEED} for these ${CASES} cases`);
  const random = new Random(SEED);
  const count = { accepted: 0, refused: 0, canonical: 0, unsaid: 0 };
  const differences: unknown[] = [];
  for (let done = 0; done < CASES && differences.length < 3;) {
    const { root, text } = randomSchema(random);
    const type = root.lookupType('fuzz.v1.M0');
    const model = new ModelBuilder('json').message(type);
    const codecs = compileSchema({ request: type, response: type }, 'Fuzz');
    // In turns, since compiling a schema takes longer than its values.
    const side = random.pick(['request', 'response'] as const);
    const turn = random.pick([...TARGETS, 'draft-2020-12'] as const);
    // Of a field with this name under `properties`, where OpenAPI has it, ajv takes no notice.
    const target = text.includes('"__proto__"') ? 'draft-2020-12' : turn;
    const validatorOf = (direction: 'input' | 'output') =>
      compiled(jsonSchemaOf(model, { direction, side }, target), target);
    const sideOf: Side = {
      target,
      side,
      codec: codecs[side]!,
      input: validatorOf('input'),
      output: validatorOf('output'),
    };
    for (let i = 0; i < VALUES_PER_SCHEMA; i++, done++) {
      const breakage = random.pick([0, 0, 0.02, 0.1]);
      const generated = new RandomValue(random, breakage, random.pick([0, 0.3])).message(type);
      const value: unknown = JSON.parse(JSON.stringify(generated));
      const difference = compare(sideOf, value, count);
      if (difference) differences.push({ ...difference, side, target, value, text });
    }
  }
  expect(differences).toEqual([]);
  expect(count.refused).toBeGreaterThan(CASES / 10);
  expect(count.accepted).toBeGreaterThan(CASES / 4);
  expect(count.canonical).toBeGreaterThan(CASES / 20);
  expect(count.unsaid).toBeLessThan(CASES / 20);
});

function compiled(schema: object, target: JsonSchemaTarget): ValidateFunction {
  // OpenAPI 3.0 has no word for members of an object's own.
  const options = { strict: true, ownProperties: target === 'openapi-3.0' } as const;
  const ajv = target === 'draft-2020-12' ? new Ajv2020(options) : new Ajv(options);
  addFormats.default(ajv);
  return ajv.compile(schema);
}

function compare(
  { target, side, codec, input, output }: Side,
  value: unknown,
  count: Record<'accepted' | 'refused' | 'canonical' | 'unsaid', number>,
): Record<string, unknown> | undefined {
  const isSaidValid = input(value);
  const isSaidCanonical = output(value);
  let canonical: unknown;
  try {
    canonical = asText(side === 'request' ? codec.read(value) : codec.write(value));
  } catch (error) {
    if (!(error instanceof ServingError)) throw error;
    count.refused++;
    const violations = error.details as readonly Violation[];
    if (!isSaidValid && !isSaidCanonical) return undefined;
    const unsaid = target === 'openapi-3.0' ? [...UNSAID, ...UNSAID_IN_OPENAPI] : UNSAID;
    if (violations.every(({ message }) => unsaid.some((one) => one.test(message)))) {
      count.unsaid++;
      return undefined;
    }
    return { refusedBecause: violations, isSaidValid, isSaidCanonical };
  }
  count.accepted++;
  if (!isSaidValid) return { canonical, but: input.errors };
  if (!output(canonical)) return { canonical, but: output.errors };
  const isCanonical = isDeepStrictEqual(unsigned(canonical), unsigned(value));
  const saysKeys = target !== 'openapi-3.0';
  if (isCanonical ? !isSaidCanonical : isSaidCanonical && saysKeys)
    return { canonical, isSaidCanonical };
  if (isCanonical) count.canonical++;
  return undefined;
}

/** JSON Schema knows one zero. */
function unsigned(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value));
}
