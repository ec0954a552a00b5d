import { LIMIT } from './hostile-size.mjs';

/** As many items as fit, each made from its index. */
function filled(open, item, close) {
  const items = [];
  let left = LIMIT - open.length - close.length;
  for (let i = 0; ; i++) {
    const next = item(i);
    left -= next.length + 1;
    if (left < 0) return open + items.join(',') + close;
    items.push(next);
  }
}

/** A body of one list, of one map, and of one list of objects: the field is called `f`. */
const list = (item) => () => filled('{"f":[', typeof item === 'string' ? () => item : item, ']}');
const map = (key, value) => () => filled('{"f":{', (i) => `"${key(i)}":${value}`, '}}');
const repeated = (name, type, item) => ({
  name: `${name} in a list`,
  schema: `message Request { repeated ${type} f = 1; } message M { int32 a = 1; }`,
  body: list(item),
});
const mapped = (name, keyType, type, key, value) => ({
  name: `${name} in a map`,
  schema: `message Request { map<${keyType}, ${type}> f = 1; } message M { int32 a = 1; }`,
  body: map(key, value),
});
const ofMessages = (name, fields, item) => ({
  name,
  schema: `message Request { repeated M f = 1; } message M { ${fields} }`,
  body: list(item),
});

const TIME = 'google.protobuf.Timestamp';
const DURATION = 'google.protobuf.Duration';
const MASK = 'google.protobuf.FieldMask';
const ANY = 'google.protobuf.Any';
const wrapper = (type) => `google.protobuf.${type}Value`;
const hex = (i) => i.toString(16);
const second = (i) => String(i % 60).padStart(2, '0');
const nano = (i) => String((i * 7919) % 1e9).padStart(9, '0');

const ENUM = 'enum E { A = 0; B = 1; C = 2; ALIAS = 7; }';
const ofEnum = (name, item) => ({
  name: `enum, ${name}`,
  schema: `message Request { repeated E f = 1; } ${ENUM}`,
  body: list(item),
});

/** Each row: its name, the messages of its schema (none: any JSON), and what makes its body. */
/** Bodies whose smallest parts are dear to read by their schema. */
export const MESSAGES = [
  repeated('Timestamp', TIME, (i) => `"2024-02-28T12:00:${second(i)}Z"`),
  repeated('Timestamp, nanoseconds', TIME, (i) => `"2024-02-28T12:00:00.${nano(i)}Z"`),
  repeated('Timestamp, one digit', TIME, (i) => `"2024-02-28T12:00:00.${1 + (i % 9)}Z"`),
  repeated('Timestamp, zero digits', TIME, (i) => `"2024-02-28T12:00:${second(i)}.000000000Z"`),
  repeated('Timestamp, last of a month', TIME, (i) => `"2024-02-29T12:00:${second(i)}Z"`),
  repeated('Timestamp, offset', TIME, (i) => `"2024-02-28T12:00:${second(i)}+02:00"`),
  repeated(
    'Timestamp, offset and nanoseconds',
    TIME,
    (i) => `"2024-02-28T12:00:00.${nano(i)}-23:59"`,
  ),
  repeated('Timestamp, one again and again', TIME, '"2024-02-28T12:00:00+02:00"'),
  mapped('Timestamp, offset', 'int32', TIME, String, '"2024-02-28T12:00:00+02:00"'),
  repeated('Duration', DURATION, (i) => `"${i}s"`),
  repeated('Duration, shortest', DURATION, '"1s"'),
  repeated('Duration, shortest, not canonical', DURATION, '"01s"'),
  repeated('Duration, milliseconds', DURATION, (i) => `"${i}.500s"`),
  repeated('Duration, one digit', DURATION, (i) => `"-${i % 10}.5s"`),
  repeated('Duration, nanoseconds', DURATION, (i) => `"-${i}.${nano(i)}s"`),
  mapped('Duration', 'string', DURATION, hex, '"1.5s"'),
  repeated('FieldMask, empty', MASK, '""'),
  repeated('FieldMask', MASK, (i) => `"a${i}.bC,d"`),
  mapped('FieldMask', 'string', MASK, hex, '"a"'),

  repeated('bytes, empty', 'bytes', '""'),
  repeated('bytes, 1', 'bytes', '"AA=="'),
  repeated('bytes, 1, not padded', 'bytes', '"AA"'),
  repeated('bytes, 1, other bits', 'bytes', '"AB=="'),
  repeated('bytes, 2, URL-safe', 'bytes', '"-_8"'),
  repeated('bytes, 3', 'bytes', '"AAAA"'),
  repeated('bytes, 6, all different', 'bytes', (i) => `"${hex(i).padStart(8, '0')}"`),
  repeated('bytes, 48', 'bytes', `"${'abcd'.repeat(16)}"`),
  repeated('bytes, 51, URL-safe', 'bytes', `"${'ab-_'.repeat(17)}"`),
  repeated('bytes, 300', 'bytes', `"${'abcd'.repeat(100)}"`),
  repeated('bytes, one, URL-safe', 'bytes', `"${'ab-_'.repeat(LIMIT / 4 - 3)}"`),
  mapped('bytes', 'string', 'bytes', hex, '"AA=="'),
  mapped('bytes', 'int32', 'bytes', String, '"AA"'),
  ofMessages('bytes, a field of messages', 'bytes b = 1;', '{"b":"AA=="}'),
  ofMessages(
    'bytes, a field of messages, and null',
    'bytes b = 1; int32 a = 2;',
    '{"b":"AA","a":null}',
  ),
  ofMessages('bytes, twice an empty list', 'repeated bytes b = 1; bytes c = 2;', '{"b":[]}'),

  ...['Double', 'Float', 'Int64', 'UInt64', 'Int32', 'UInt32'].map((type) =>
    repeated(`${type}Value, string`, wrapper(type), '"1"'),
  ),
  repeated('Int64Value, number', wrapper('Int64'), '1'),
  repeated('BoolValue', wrapper('Bool'), 'true'),
  repeated('StringValue', wrapper('String'), '""'),
  repeated('BytesValue', wrapper('Bytes'), '"AA=="'),
  mapped('BytesValue', 'int64', wrapper('Bytes'), String, '"AA"'),
  ofMessages('BytesValue, a field', `${wrapper('Bytes')} b = 1;`, '{"b":"AA"}'),

  repeated('Value, numbers', 'google.protobuf.Value', '1'),
  repeated('Value, lists', 'google.protobuf.Value', '[]'),
  repeated('Value, objects', 'google.protobuf.Value', '{}'),
  repeated('Value, objects of one', 'google.protobuf.Value', '{"a":1}'),
  repeated('Value, objects, all different', 'google.protobuf.Value', (i) => `{"${hex(i)}":1}`),
  repeated('Struct', 'google.protobuf.Struct', '{}'),
  repeated('ListValue', 'google.protobuf.ListValue', '[]'),
  repeated('ListValue, nested', 'google.protobuf.ListValue', '[[[[[[]]]]]]'),
  mapped('Struct', 'int32', 'google.protobuf.Struct', String, '{}'),
  mapped('Value', 'string', 'google.protobuf.Value', hex, 'null'),
  {
    name: 'Struct, one of many keys',
    schema: 'message Request { google.protobuf.Struct f = 1; }',
    body: map(hex, '1'),
  },
  {
    name: 'Struct, one of many indices',
    schema: 'message Request { google.protobuf.Struct f = 1; }',
    body: map(String, '1'),
  },
  {
    name: 'Struct, beside a null',
    schema: 'message Request { google.protobuf.Struct f = 1; int32 g = 2; }',
    body: () => filled('{"g":null,"f":{', (i) => `"${hex(i)}":1`, '}}'),
  },
  {
    name: 'Value, small, beside a null',
    schema: 'message Request { repeated google.protobuf.Value f = 1; int32 g = 2; }',
    body: () => filled('{"g":null,"f":[', () => '[]', ']}'),
  },

  repeated('Any, empty', ANY, '{}'),
  repeated('Any of a message', ANY, '{"@type":"/M"}'),
  repeated('Any of a Duration', ANY, '{"@type":"/google.protobuf.Duration","value":"1s"}'),
  repeated('Any of an Int32Value', ANY, '{"@type":"/google.protobuf.Int32Value","value":1}'),
  repeated('Any of an Any', ANY, '{"@type":"/google.protobuf.Any","value":{"@type":"/M"}}'),
  {
    name: 'Any of a Struct of many keys',
    schema: `message Request { ${ANY} f = 1; }`,
    body: () =>
      filled('{"f":{"@type":"/google.protobuf.Struct","value":{', (i) => `"${hex(i)}":1`, '}}}'),
  },
  {
    name: 'Any of a ListValue',
    schema: `message Request { ${ANY} f = 1; }`,
    body: () => filled('{"f":{"@type":"/google.protobuf.ListValue","value":[', () => '[]', ']}}'),
  },
  {
    name: 'Any of many bytes',
    schema: `message Request { ${ANY} f = 1; } message M { repeated bytes f = 1; }`,
    body: () => filled('{"f":{"@type":"/M","f":[', () => '"AA=="', ']}}'),
  },

  ...['int32', 'uint32', 'sint32', 'fixed32', 'int64', 'uint64', 'sint64', 'sfixed64'].flatMap(
    (type) => [
      repeated(`${type}, number`, type, '1'),
      repeated(`${type}, string`, type, '"1"'),
      repeated(`${type}, string, all different`, type, (i) => `"${i}"`),
      repeated(`${type}, exponent`, type, '"1e5"'),
      repeated(`${type}, number with exponent`, type, '1e5'),
      repeated(`${type}, fraction`, type, '"1.0"'),
      repeated(`${type}, leading zero`, type, '"01"'),
      repeated(`${type}, leading plus`, type, '"+1"'),
      repeated(`${type}, -0`, type, '-0'),
    ],
  ),
  repeated('int64, 19 digits', 'int64', (i) => `"-9223372036854${100000 + (i % 600000)}"`),
  repeated('uint64, 20 digits', 'uint64', (i) => `"18446744073708${100000 + (i % 600000)}"`),
  repeated('int64, 19 digits and exponent', 'int64', '"9.223372036854775e18"'),
  repeated('int64, 17 digits and a fraction', 'int64', '"12345678901234567.0"'),
  repeated('int64, 19 digits and zeros', 'int64', '"0009223372036854775807"'),
  repeated('int64, number of 16 digits', 'int64', '9007199254740992'),
  repeated('double', 'double', '1'),
  repeated('double, string', 'double', '"1"'),
  repeated('double, long string', 'double', (i) => `"0.${i}1234567"`),
  repeated('double, hundreds of digits', 'double', `"0.${'123456789'.repeat(90)}"`),
  repeated('double, exponent', 'double', '"1e5"'),
  repeated('double, NaN', 'double', '"NaN"'),
  repeated('double, NaN and numbers', 'double', (i) => (i % 2 ? '"NaN"' : '1')),
  repeated('double, -Infinity', 'double', '"-Infinity"'),
  repeated('float', 'float', '1.5'),
  repeated('float, string', 'float', '"1"'),
  repeated('float, NaN', 'float', '"NaN"'),
  repeated('bool', 'bool', 'true'),
  repeated('string, empty', 'string', '""'),
  repeated('string, one character', 'string', '"a"'),
  repeated('string, escapes', 'string', '"\\u00e9"'),
  repeated('string, beyond Latin-1', 'string', '"\\u4e2d\\u4e2d"'),
  ofEnum('names', '"A"'),
  ofEnum('numbers', '1'),
  ofEnum('unknown numbers', '9'),
  ofEnum('unknown numbers and names', (i) => (i % 2 ? '9' : '"A"')),
  repeated('NullValue', 'google.protobuf.NullValue', 'null'),
  repeated('NullValue, name', 'google.protobuf.NullValue', '"NULL_VALUE"'),

  ...['int32', 'int64', 'uint32', 'uint64'].flatMap((type) => [
    mapped(`${type} to int32, indices`, type, 'int32', String, '1'),
    mapped(`${type} to int32, large`, type, 'int32', (i) => `${i + 2_000_000_000}`, '1'),
    mapped(`${type} to int32, leading zeros`, type, 'int32', (i) => `0${i}`, '1'),
    mapped(`${type} to a message`, type, 'M', String, '{}'),
    mapped(`${type} to a message, large`, type, 'M', (i) => `${i + 2_000_000_000}`, '{"a":1}'),
    mapped(`${type} to a string of digits`, type, 'int64', String, '1'),
  ]),
  mapped('int64 to int32, 19 digits', 'int64', 'int32', (i) => `-9223372036854${100000 + i}`, '1'),
  mapped('int32 to int32, negative', 'int32', 'int32', (i) => `-${i + 1}`, '1'),
  mapped(
    'int32 to int32, sparse indices',
    'int32',
    'int32',
    (i) => `${(i * 7919) % 2147483647}`,
    '1',
  ),
  mapped('string to int32', 'string', 'int32', hex, '1'),
  mapped('string to int32, string', 'string', 'int32', hex, '"1"'),
  mapped('string to int32, indices', 'string', 'int32', String, '1'),
  mapped('string to int32, indices, string', 'string', 'int32', String, '"1"'),
  mapped('string to a message', 'string', 'M', hex, '{}'),
  mapped('string to a message, null', 'string', 'M', hex, '{"a":null}'),
  {
    name: 'bool map in a list',
    schema: 'message Request { repeated M f = 1; } message M { map<bool, int32> m = 1; }',
    body: list('{"m":{"true":1,"false":1}}'),
  },
  {
    name: 'bool map in a list, strings',
    schema: 'message Request { repeated M f = 1; } message M { map<bool, int32> m = 1; }',
    body: list('{"m":{"true":"1","false":"1"}}'),
  },
  {
    name: 'int32 map in a list',
    schema: 'message Request { repeated M f = 1; } message M { map<int32, int32> m = 1; }',
    body: list('{"m":{"1":1}}'),
  },
  {
    name: 'empty map in a list',
    schema: 'message Request { repeated M f = 1; } message M { map<int32, int32> m = 1; }',
    body: list('{"m":{}}'),
  },

  ofMessages('empty messages', 'int32 a = 1;', '{}'),
  ofMessages('messages', 'int32 a = 1;', '{"a":1}'),
  ofMessages('messages, null', 'int32 a = 1;', '{"a":null}'),
  ofMessages('messages, proto names', 'int32 a_b = 1;', '{"a_b":1}'),
  ofMessages('messages, oneof', 'oneof o { int32 a = 1; int32 b = 2; }', '{"a":1}'),
  ofMessages('messages, oneof, string', 'oneof o { int32 a = 1; int32 b = 2; }', '{"b":"1"}'),
  ofMessages(
    'messages of 100 fields, one there',
    Array.from({ length: 100 }, (_, i) => `int32 f${i} = ${i + 1};`).join(' '),
    (i) => `{"f${i % 100}":1}`,
  ),
  ofMessages(
    'messages of 100 fields, proto names',
    Array.from({ length: 100 }, (_, i) => `int32 a_b${i} = ${i + 1};`).join(' '),
    (i) => `{"a_b${i % 100}":"1"}`,
  ),
  ofMessages(
    'messages of 100 fields, many shapes',
    Array.from({ length: 100 }, (_, i) => `int32 f${i} = ${i + 1};`).join(' '),
    (i) => `{"f${i % 100}":"1","f${(i * 7 + 51) % 100}":1}`,
  ),
  ofMessages('messages in messages', 'M m = 1; int32 a = 2;', '{"m":{"m":{"m":{}}}}'),
  ofMessages('messages in messages, null', 'M m = 1; int32 a = 2;', '{"m":{"m":{"a":null}}}'),
  ofMessages('messages of lists', 'repeated int32 a = 1;', '{"a":[]}'),
  ofMessages('messages of lists, string', 'repeated int32 a = 1;', '{"a":["1"]}'),
];
