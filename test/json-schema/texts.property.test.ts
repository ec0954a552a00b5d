import { Ajv2020 } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ServingError } from '../../src/errors/index.js';
import { compileSchema } from '../../src/schema/index.js';
import { jsonSchemaOf } from '../../src/schema/json-schema/index.js';
import { ModelBuilder } from '../../src/schema/model-builder.js';
import { asText } from '../schema/as-text.js';
import { rootOf } from '../schema/root-of.js';

const RUNS = Number(process.env['JSON_SCHEMA_CASES'] ?? 300);

/** Where a type has its limits. */
const LIMITS = [
  '0', '1', '2147483647', '2147483648', '4294967295', '4294967296', '9007199254740991', '9007199254740993',
  '9223372036854775807', '9223372036854775808', '9223372036854774784', '18446744073709551615', '18446744073709551616',
  '18446744073709549568', '315576000000', '315576000001', '340282346638528859811704183484516925440',
]; // prettier-ignore

const digits = fc.oneof(
  fc.constantFrom(...LIMITS),
  fc.nat().map(String),
  // Near a limit, on either side, of any of its lengths.
  fc
    .tuple(fc.constantFrom(...LIMITS), fc.nat(40), fc.integer({ min: 0, max: 9 }))
    .map(([limit, at, digit]) => limit.slice(0, at) + digit + limit.slice(at + 1)),
);
const zeros = fc.constantFrom('', '', '', '0', '000');
const sign = fc.constantFrom('', '', '-', '+', '--');

const fraction = fc.constantFrom(
  '',
  '',
  '.',
  '.0',
  '.5',
  '.500',
  '.000',
  '.123456',
  '.1234560',
  '.123456789',
  '.0000000001',
);
const exponent = fc.constantFrom('', '', '', '', 'e0', 'E1', 'e-1', 'e+5', 'e', 'e99');
const integerText = fc
  .tuple(sign, zeros, fc.oneof(digits, fc.constant('')), fraction, exponent)
  .map((parts) => parts.join(''));
const durationText = fc
  .tuple(sign, zeros, digits, fraction, fc.constantFrom('s', 's', '', 'S', 'ss'))
  .map((parts) => parts.join(''));

const two = (...rare: string[]) =>
  fc.oneof(
    fc.nat(60).map((number) => String(number).padStart(2, '0')),
    fc.constantFrom(...rare),
  );
const year = fc.oneof(
  fc.constantFrom('0000', '0001', '0004', '0100', '0400', '1900', '2000', '2023', '2024', '9999'),
  fc.nat(9999).map((number) => String(number).padStart(4, '0')),
);
const timestampText = fc
  .tuple(
    year,
    two('02', '02', '12', '13', '00'),
    two('28', '29', '30', '31', '32'),
    two('23', '24'),
    two('59'),
    two('59'),
    fraction,
    fc.constantFrom('Z', 'z', '+00:00', '-23:59', '+24:00', '+0100', '', '+01:60'),
  )
  .map(([y, mo, d, h, mi, s, f, zone]) => `${y}-${mo}-${d}T${h}:${mi}:${s}${f}${zone}`);
const base64Text = fc.string({
  unit: fc.constantFrom('A', 'Q', 'g', 'w', 'z', '4', '+', '/', '-', '_', '=', ' ', '\n', 'é'),
  maxLength: 14,
});
const maskText = fc.string({ unit: fc.constantFrom('a', 'B', '_', '.', ',', '\n'), maxLength: 5 });
const number = fc.oneof(
  fc.integer(),
  fc.double({ noNaN: true, noDefaultInfinity: true }),
  digits.map(Number),
  digits.map((text) => -Number(text)),
  digits.map((text) => Number(text) / 2),
);

const TEXTS = fc.oneof(
  integerText,
  integerText,
  durationText,
  timestampText,
  base64Text,
  maskText,
  number,
  fc.constantFrom('NaN', 'Infinity', '-Infinity', '+Infinity', true, null),
);
const FIELDS = [
  'int32', 'sint32', 'sfixed32', 'uint32', 'fixed32', 'int64', 'sint64', 'sfixed64', 'uint64', 'fixed64', 'float', 'double',
  'bytes', 'bool', 'string', 'google.protobuf.Timestamp', 'google.protobuf.Duration', 'google.protobuf.FieldMask',
  'google.protobuf.Int64Value', 'google.protobuf.NullValue', 'E', 'map<int32, bool>', 'map<uint32, bool>', 'map<int64, bool>',
  'map<uint64, bool>', 'map<bool, bool>', 'map<string, bool>',
]; // prettier-ignore

describe.each(['request', 'response'] as const)('a %s:', (side) => {
  test.each(FIELDS)('%s', (field) => {
    const type = rootOf(
      `syntax = "proto3"; enum E { A = 0; B = 5; } message M { ${field} f = 1; }`,
    ).lookupType('M');
    const codec = compileSchema({ [side]: type }, 'Test')[side]!;
    const model = new ModelBuilder('json').message(type);
    const ajv = addFormats.default(new Ajv2020({ strict: true }));
    const input = ajv.compile(jsonSchemaOf(model, { direction: 'input', side }));
    const output = ajv.compile(jsonSchemaOf(model, { direction: 'output', side }));
    const isMap = field.startsWith('map');

    fc.assert(
      fc.property(TEXTS, (text) => {
        const value = { f: isMap ? { [String(text)]: true } : text };
        let canonical: unknown;
        try {
          canonical = asText(side === 'request' ? codec.read(value) : codec.write(value));
        } catch (error) {
          expect(error).toBeInstanceOf(ServingError);
          expect(output(value)).toBe(false);
          expect(input(value) && !isUnsaid(field, text)).toBe(false);
          return;
        }
        expect(input(value)).toBe(true);
        expect(output(canonical)).toBe(true);
        expect(output(value)).toBe(JSON.stringify(value) === JSON.stringify(canonical));
      }),
      { numRuns: RUNS },
    );
  });
});

/** Whether it is refused for what JSON Schema cannot say. */
function isUnsaid(field: string, text: unknown): boolean {
  if (typeof text !== 'string') return false;
  if (/float|double/.test(field)) return Math.abs(Number(text)) > 3.4e38;
  if (/^(?:u?int|s?fixed|sint)|Int64Value/.test(field)) return /[.eE]/.test(text);
  return field.endsWith('Timestamp') && /^(?:0001|9999|0000)/.test(text) && !text.endsWith('Z');
}
