import protobuf from 'protobufjs';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { describe, expect, test } from 'vitest';
import { ConfigurationError } from '../../src/errors/index.js';
import { jsonSchema, protobufSchema } from '../../src/index.js';
import { compileSchema } from '../../src/schema/index.js';
import { jsonSchemaOf } from '../../src/schema/json-schema/index.js';
import { ModelBuilder } from '../../src/schema/model-builder.js';
import { rootOf } from '../schema/root-of.js';
import { writeSchema } from '../schema/schema-file.js';

/** Of the message M of package p: what it says of a request, or of one as a handler sees it. */
function schemaOf(text: string, direction: 'input' | 'output' = 'output') {
  const root = rootOf(`syntax = "proto3"; package p; ${text}`);
  const model = new ModelBuilder('json').message(root.lookupType('p.M'));
  return jsonSchemaOf(model, { direction, side: 'request' }) as Record<string, any>;
}

test('a message is an object of its fields and nothing else', () => {
  expect(schemaOf('message M { string big_name = 1; int32 n = 2; repeated bool b = 3; }')).toEqual({
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    title: 'M',
    type: 'object',
    properties: {
      bigName: { type: 'string' },
      n: { type: 'integer', minimum: -2147483648, maximum: 2147483647 },
      b: { type: 'array', items: { type: 'boolean' } },
    },
    additionalProperties: false,
  });
});

test('a client may use either spelling, but not both, and null', () => {
  expect(schemaOf('message M { string big_name = 1; }', 'input')).toMatchObject({
    properties: {
      bigName: { type: ['string', 'null'] },
      big_name: { type: ['string', 'null'], description: 'Another spelling of bigName.' },
    },
    not: { required: ['bigName', 'big_name'] },
  });
});

describe('names follow the option fieldNames', () => {
  const file = writeSchema(
    'syntax = "proto3"; message Request { string big_name = 1; } message Response { int32 all_of_it = 1; }',
  );
  const namesOf = (schema: object) => Object.keys((schema as any).properties);
  const json = protobufSchema(file);
  const proto = protobufSchema(file, { fieldNames: 'proto' });

  test('of a request and of an answer', () => {
    expect(namesOf(jsonSchema(json))).toEqual(['bigName', 'big_name']);
    expect(namesOf(jsonSchema(proto))).toEqual(['big_name', 'bigName']);
    expect(namesOf(jsonSchema(json, { direction: 'output' }))).toEqual(['bigName']);
    expect(namesOf(jsonSchema(proto, { direction: 'output' }))).toEqual(['big_name']);
    expect(namesOf(jsonSchema(json.response, { direction: 'output' }))).toEqual(['allOfIt']);
    expect(namesOf(jsonSchema(proto.response, { direction: 'output' }))).toEqual(['all_of_it']);
  });

  test.each([
    [() => jsonSchema(json, { direction: 'both' as never }), "direction to be 'input' or 'output', got 'both'"],
    [() => jsonSchema(json, { target: 'draft-04' as never }), 'target to be one of draft-2020-12'],
    [() => jsonSchema(json, { strict: true } as never), 'got the unknown option "strict"'],
    [() => jsonSchema('x.proto' as never), "the schema to be what protobufSchema() returns, got 'x.proto'"],
    [() => jsonSchema({ '~standard': { version: 1 } } as never), 'the schema to be what protobufSchema() returns'],
    [() => jsonSchema(undefined as never), 'the schema to be what protobufSchema() returns, got undefined'],
  ])('%s', (call, message) => {
    expect(call).toThrow(ConfigurationError);
    expect(call).toThrow(message);
  }); // prettier-ignore
});

describe('definitions', () => {
  test('a message that others hold is one, by its full name', () => {
    const schema = schemaOf(
      'message Item { bool b = 1; } message M { Item a = 1; repeated Item c = 2; }',
    );
    expect(Object.keys(schema['$defs'])).toEqual(['p.Item']);
    expect(schema['properties'].c).toEqual({ type: 'array', items: { $ref: '#/$defs/p.Item' } });
  });

  test('a message that holds itself is one, too, below a top that says its type', () => {
    const schema = schemaOf('message M { M left = 1; map<string, M> by_name = 2; }');
    expect(schema).toMatchObject({ type: 'object', allOf: [{ $ref: '#/$defs/p.M' }] });
    expect(schema['$defs']['p.M'].properties.left).toEqual({ $ref: '#/$defs/p.M' });
    const validate = new Ajv2020({ strict: true }).compile(schema);
    expect(validate({ left: { left: { byName: { a: {} } } } })).toBe(true);
    expect(validate({ left: { left: { byName: { a: { nope: 1 } } } } })).toBe(false);
  });

  test('messages that lead to each other in a chain of thousands', () => {
    const chain = Array.from({ length: 5_000 }, (_, i) => `message C${i} { C${i + 1} c = 1; }`);
    const schema = schemaOf(`${chain.join(' ')} message C5000 {} message M { C0 c = 1; }`, 'input');
    expect(Object.keys(schema['$defs'])).toHaveLength(5_001);
  });

  test('names of messages do not meet those of scalars', () => {
    const schema = schemaOf(
      'message M { p.int64 a = 1; int64 b = 2; } message int64 { bool c = 1; }',
    );
    expect(schema['properties'].a).not.toEqual(schema['properties'].b);
  });
});

test('what the file says: comments, what is deprecated', () => {
  const { root } = protobuf.parse(
    `syntax = "proto3";
     package p;
     /// A message.
     message M {
       option deprecated = true;
       /// How much.
       int32 amount = 1 [deprecated = true];
       /// Of which size.
       Size size = 2;
       bool plain = 3;
     }
     /// Sizes.
     enum Size {
       UNKNOWN = 0;
       /// Not large.
       SMALL = 1;
       BIG = 2 [deprecated = true];
     }`,
    { keepCase: true },
  );
  const model = new ModelBuilder('json').message(root.resolveAll().lookupType('p.M'));
  const schema = jsonSchemaOf(model, { direction: 'output', side: 'request' }) as any;
  expect(schema).toMatchObject({ description: 'A message.', deprecated: true });
  expect(schema.properties).toMatchObject({
    amount: { description: 'How much.', deprecated: true },
    size: { description: 'Of which size.', $ref: '#/$defs/p.Size' },
    plain: { type: 'boolean' },
  });
  expect(Object.keys(schema.properties.plain)).toEqual(['type']);
  expect(schema.$defs['p.Size'].description).toBe(
    'Sizes.\n- SMALL: Not large.\n- BIG (deprecated)',
  );

  const draft07 = jsonSchemaOf(model, { direction: 'output', side: 'request' }, 'draft-07') as any;
  // Beside a reference nothing counts there.
  expect(draft07.properties.size).toEqual({
    description: 'Of which size.',
    allOf: [{ $ref: '#/definitions/p.Size' }],
  });
});

test('a message that is a well-known type', () => {
  const type = rootOf('').lookupType('google.protobuf.Struct');
  const model = new ModelBuilder('json').message(type);
  const schema = jsonSchemaOf(model, { direction: 'input', side: 'request' });
  const validate = new Ajv2020({ strict: true }).compile(schema);
  expect([{}, { a: [null, { b: 1 }] }, [], 'x', JSON.parse('{"__proto__": 1}')].map((value) => validate(value)))
    .toEqual([true, true, false, false, false]); // prettier-ignore
});

test('a oneof takes one of its fields, or none, however many there are', () => {
  const cases = Array.from({ length: 60 }, (_, i) => `bool c_${i} = ${i + 1};`).join(' ');
  const schema = schemaOf(`message M { oneof o { ${cases} } }`, 'input');
  // A pair of each two would be 1,770.
  expect(JSON.stringify(schema).length).toBeLessThan(50_000);
  const validate = new Ajv2020({ strict: true }).compile(schema);
  const values = [
    {},
    { c0: true },
    { c0: null, c1: true },
    { c0: true, c_59: false },
    { c0: null, c1: null },
  ];
  expect(values.map((value) => validate(value))).toEqual([true, true, true, false, true]);
});

test.each([
  ['map<string, M>', { constructor: {} }, false],
  ['map<string, M>', { prototype: {} }, false],
  ['map<string, google.protobuf.Value>', { constructor: [] }, false],
  ['map<string, google.protobuf.Value>', { constructor: 1, prototype: null }, true],
  ['google.protobuf.Struct', { constructor: {} }, false],
  ['google.protobuf.Struct', { prototype: [] }, false],
  ['google.protobuf.Struct', { constructor: 'x', a: { b: 1 } }, true],
  ['google.protobuf.Value', { a: { constructor: {} } }, false],
  ['map<string, string>', { constructor: 'x' }, true],
  ['map<string, string>', JSON.parse('{"__proto__":"x"}'), false],
])('%s: keys of a client lead to no prototype: %j', (type, f, isValid) => {
  const text = `message M { ${type} f = 1; }`;
  expect(new Ajv2020({ strict: true }).compile(schemaOf(text, 'input'))({ f })).toBe(isValid);
  expect(new Ajv2020({ strict: true }).compile(schemaOf(text, 'output'))({ f })).toBe(isValid);
});

describe('in an Any, what proto2 requires must be there', () => {
  const root = rootOf(`
    syntax = "proto2";
    package p;
    message Plain { required string name = 1; }
    message Named { required string full_name = 1; optional Plain inner = 2; }
    message Holder { optional Named named = 1; }
    message M { optional google.protobuf.Any any = 1; optional Named named = 2; }
  `);
  const type = root.lookupType('p.M');
  const codec = compileSchema({ request: type }, 'Test').request!;
  const model = new ModelBuilder('json').message(type);
  const validates = (direction: 'input' | 'output') =>
    new Ajv2020({ strict: true, validateFormats: false }).compile(
      jsonSchemaOf(model, { direction, side: 'request' }),
    );
  const input = validates('input');
  const output = validates('output');

  test.each([
    [{ named: {} }, true],
    [{ named: { inner: {} } }, true],
    [{ any: {} }, true],
    [{ any: { '@type': '/p.Plain' } }, false],
    [{ any: { '@type': '/p.Plain', name: null } }, false],
    [{ any: { '@type': '/p.Plain', name: 1 } }, false],
    [{ any: { '@type': '/p.Plain', name: '' } }, true],
    [{ any: { name: '' } }, false],
    [{ any: { '@type': '/p.Named', fullName: '' } }, true],
    [{ any: { '@type': '/p.Named', fullName: '', nope: 1 } }, false],
    [{ any: { '@type': '/p.Named', fullName: '', inner: {} } }, false],
    [{ any: { '@type': '/p.Named', fullName: '', inner: { name: '' } } }, true],
    [{ any: { '@type': '/p.Holder', named: {} } }, false],
    [{ any: { '@type': '/p.Holder', named: { fullName: '' } } }, true],
    [{ any: { '@type': '/p.Holder' } }, true],
    [{ any: { '@type': '/p.Nope' } }, false],
  ])('%j', (value, isValid) => {
    const isTaken = 'value' in codec.check(value, false);
    expect([isTaken, input(value), output(value)]).toEqual([isValid, isValid, isValid]);
  });
});

test("it is its caller's own, and no part of it stands in two places", () => {
  const schema = protobufSchema(
    writeSchema(`
      syntax = "proto3";
      import "google/protobuf/timestamp.proto";
      message Request {
        oneof o { string a_b = 1; google.protobuf.Timestamp c_d = 2; }
        google.protobuf.Timestamp e = 3;
        map<string, Request> f = 4;
        bytes g = 5;
      }
      message Response {}
    `),
  );
  for (const target of ['draft-2020-12', 'draft-07', 'openapi-3.0'] as const) {
    const before = JSON.stringify(jsonSchema(schema, { target }));
    const seen = new Set<object>();
    (function wreck(part: object): void {
      expect(seen).not.toContain(part);
      seen.add(part);
      for (const inner of Object.values(part)) if (inner instanceof Object) wreck(inner);
      Object.assign(part, { type: 'wrecked' });
    })(jsonSchema(schema, { target }));
    expect(JSON.stringify(jsonSchema(schema, { target }))).toBe(before);
  }
});

test('no pattern needs more than what all validators know', () => {
  const fields = [
    'int32', 'uint32', 'int64', 'uint64', 'double', 'bytes', 'google.protobuf.Timestamp', 'google.protobuf.Duration',
    'google.protobuf.FieldMask', 'google.protobuf.Any', 'map<int64, bool>', 'map<string, bool>',
  ].map((type, i) => `${type} f${i} = ${i + 1};`); // prettier-ignore
  for (const direction of ['input', 'output'] as const) {
    const text = JSON.stringify(schemaOf(`message M { ${fields.join(' ')} }`, direction));
    const patterns = [...text.matchAll(/"pattern":("(?:[^"\\]|\\.)*")/g)].map(([, json]) =>
      JSON.parse(json!),
    );
    expect(patterns.length).toBeGreaterThan(8);
    for (const pattern of patterns) expect(pattern).not.toMatch(/\\|\(\?/);
  }
});
