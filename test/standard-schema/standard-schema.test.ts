import { describe, expect, test } from 'vitest';
import { ConfigurationError } from '../../src/errors/index.js';
import { protobufSchema } from '../../src/index.js';
import { writeSchema } from '../schema/schema-file.js';

const file = writeSchema(`
  syntax = "proto3";
  package shop;
  enum Size { SMALL = 0; LARGE = 1; }
  message Item { string item_name = 1; int64 price = 2; bytes picture = 3; Size size = 4; }
  message Request { repeated Item items = 1; map<string, Item> by_name = 2; }
  message Response { int64 total = 1; repeated float weights = 2; bytes receipt = 3; }
`);
const schema = protobufSchema(file);

test('it is a Standard Schema and a Standard JSON Schema', () => {
  for (const side of [schema, schema.request, schema.response]) {
    expect('~standard' in side).toBe(true);
    expect(side['~standard']).toMatchObject({ version: 1, vendor: 'nestjs-model-serving' });
    expect(side['~standard']).toBe(side['~standard']);
  }
  expect(schema['~standard']).toBe(schema.request['~standard']);
  expect(schema.response['~standard']).not.toBe(schema['~standard']);
});

test('a request is given in canonical form', () => {
  const items = [{ item_name: 'tea', price: 12, picture: '_-8', size: 1 }];
  expect(schema['~standard'].validate({ items, by_name: null })).toEqual({
    value: {
      items: [{ itemName: 'tea', price: '12', picture: Buffer.from([0xff, 0xef]), size: 'LARGE' }],
    },
  });
});

test('an answer may hold what a handler may return', () => {
  const answer = { total: 12n, weights: Float32Array.of(1.5, NaN), receipt: Buffer.from('a') };
  expect(schema.response['~standard'].validate(answer)).toEqual({
    value: { total: '12', weights: [1.5, 'NaN'], receipt: 'YQ==' },
  });
  expect(schema['~standard'].validate(answer)).toHaveProperty('issues');
});

test('each issue leads to its place, by whole keys', () => {
  const long = 'k'.repeat(100);
  const by_name = { [long]: { itemName: 1 } };
  expect(schema['~standard'].validate({ items: [{}, { price: 'x' }], by_name, nope: 1 })).toEqual({
    issues: [
      {
        path: ['items', 1, 'price'],
        message: expect.stringMatching(/^expected int64 .*, got "x"$/),
      },
      { path: ['by_name', long, 'itemName'], message: 'expected a string, got 1' },
      { path: ['nope'], message: expect.stringContaining('got an unknown field') },
    ],
  });
  expect(schema.response['~standard'].validate({ total: {} })).toEqual({
    issues: [{ path: ['total'], message: expect.stringMatching(/^expected int64/) }],
  });
  for (const value of [undefined, null, 3, 'x', []]) {
    expect(schema['~standard'].validate(value)).toEqual({
      issues: [{ path: [], message: expect.stringMatching(/^expected an object/) }],
    });
  }
});

test('at most ten issues', () => {
  const items = Array.from({ length: 20 }, () => ({ price: 'x' }));
  const { issues = [] } = schema['~standard'].validate({ items }) as { issues?: unknown[] };
  expect(issues).toHaveLength(10);
});

test('an answer that cannot be looked at is an issue, not an exception', () => {
  const answer = {
    get total(): never {
      throw new Error('no');
    },
  };
  expect(schema.response['~standard'].validate(answer)).toHaveProperty('issues');
});

test('what is undefined is absent, as its type says', () => {
  const items = [{ itemName: undefined, price: '1' }, {}];
  const given = { items, byName: { a: undefined }, by_name: undefined, nope: undefined };
  expect(schema['~standard'].validate(given)).toEqual({
    value: { items: [{ price: '1' }, {}], byName: {} },
  });
  expect(schema['~standard'].validate({ items: [undefined] })).toMatchObject({
    issues: [{ path: ['items', 0], message: expect.stringMatching(/got undefined$/) }],
  });
});

describe('what was never JSON is an issue, neither an exception nor an empty object', () => {
  const circle: { parts?: unknown } = {};
  circle.parts = circle;
  const deep = Array.from({ length: 200_000 }).reduce<object>((parts) => ({ parts }), {});
  const revoked = Proxy.revocable({}, {});
  revoked.revoke();
  const throws = () => {
    throw new Error('no');
  };
  const nested = protobufSchema(
    writeSchema(`
      syntax = "proto3";
      import "google/protobuf/struct.proto";
      message Request {
        Request parts = 1;
        map<string, int32> counts = 2;
        google.protobuf.Value value = 3;
        google.protobuf.Struct struct = 4;
      }
      message Response {}
    `),
  );

  test.each([
    ['a Map', new Map([['counts', {}]]), []],
    ['a FormData', new FormData(), []],
    ['a Map in a map', { counts: new Map([['a', 1]]) }, ['counts']],
    ['a Date in a message', { parts: new Date() }, ['parts']],
    ['a Set in any JSON', { value: new Set([1]) }, ['value']],
    ['a Date in a Struct', { struct: new Date() }, ['struct']],
    ['an Error', new Error('no'), []],
    ['a Promise', Promise.resolve({}), []],
    ['a getter', { get counts() { return throws(); } }, []],
    ['a Proxy', new Proxy({}, { ownKeys: throws }), []],
    ['a revoked Proxy', { counts: revoked.proxy }, []],
    ['what holds itself', circle, Array.from({ length: 101 }, () => 'parts')],
    ['what is very deep', deep, Array.from({ length: 101 }, () => 'parts')],
  ])('%s', (_, value, path) => {
    const issue = { path, message: expect.stringMatching(/^expected /) };
    expect(nested['~standard'].validate(value)).toEqual({ issues: [issue] });
  }); // prettier-ignore

  test('but an instance of a class is its fields', () => {
    class Order {
      items = [{ itemName: 'tea' }];
    }
    expect(schema['~standard'].validate(new Order())).toEqual({
      value: { items: [{ itemName: 'tea' }] },
    });
  });
});

test('nothing is read before it is asked for something, and then the mistake is named', () => {
  const missing = protobufSchema('/no/such/file.proto');
  expect(missing['~standard'].vendor).toBe('nestjs-model-serving');
  const expected = 'protobufSchema("/no/such/file.proto"): schema expected a file';
  expect(() => missing['~standard'].validate({})).toThrow(expected);
  expect(() => missing['~standard'].jsonSchema.input({ target: 'draft-07' })).toThrow(expected);
});

describe('JSON Schema by the standard', () => {
  const { jsonSchema } = schema['~standard'];

  test('each target says which it is', () => {
    const dialectOf = (target: string) => jsonSchema.input({ target })['$schema'];
    expect(dialectOf('draft-2020-12')).toBe('https://json-schema.org/draft/2020-12/schema');
    expect(dialectOf('draft-07')).toBe('http://json-schema.org/draft-07/schema#');
    expect(dialectOf('openapi-3.0')).toBeUndefined();
  });

  test.each(['draft-04', 'openapi-3.1', '', undefined])('the target %j is refused', (target) => {
    const options = { target: target as string };
    expect(() => jsonSchema.input(options)).toThrow(ConfigurationError);
    expect(() => jsonSchema.output(options)).toThrow(
      'expected target to be one of draft-2020-12, draft-07, openapi-3.0, got',
    );
  });

  test('input is what is accepted, output what is given', () => {
    const ofItem = (direction: 'input' | 'output') => {
      const { $defs } = jsonSchema[direction]({ target: 'draft-2020-12' });
      return Object.keys(($defs as any)['shop.Item'].properties);
    };
    expect(ofItem('input')).toEqual(['itemName', 'item_name', 'price', 'picture', 'size']);
    expect(ofItem('output')).toEqual(['itemName', 'price', 'picture', 'size']);
  });
});
