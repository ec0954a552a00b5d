import { LIMIT } from './hostile-size.mjs';

/** A text of the limit's size: `item` again and again, between `start` and `end`. */
function filled(start, item, end = '', separator = ',') {
  const room = LIMIT - Buffer.byteLength(start + end);
  if (typeof item === 'string') {
    const size = Buffer.byteLength(item + separator);
    const count = Math.floor((room + separator.length) / size);
    return start + (item + separator).repeat(count - 1) + item + end;
  }
  const parts = [item(0)];
  for (let left = room - Buffer.byteLength(parts[0]); ;) {
    const part = separator + item(parts.length);
    left -= Buffer.byteLength(part);
    if (left < 0) return start + parts.join('') + end;
    parts.push(part);
  }
}

const SCHEMA =
  'message Request { repeated int64 big = 1; repeated string x = 2; repeated double xs = 3; }';

const list = (item) => filled('{"x":[', item, ']}');
const record = (member) => filled('{"x":{', member, '}}');
const string = (piece) => filled('{"x":"', piece, '"}', '');
const integers = (item) => ({ body: () => filled('{"big":[', item, ']}'), schema: SCHEMA });

/** Bodies that are hard on whoever reads them as text, most of them without a schema. */
export const TEXTS = [
  { name: 'brackets that nothing closes', body: () => filled('{"x":', '[', '', '') },
  { name: 'braces that nothing closes', body: () => filled('', '{"x":', '', '') },
  { name: 'brackets of 1,000 levels', body: () => list('['.repeat(900) + ']'.repeat(900)) },
  { name: 'braces of 900 levels', body: () => list('{"":'.repeat(900) + '1' + '}'.repeat(900)) },
  { name: 'a tree of 16 levels', body: () => list('[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]') },
  { name: 'empty arrays', body: () => list('[]') },
  { name: 'empty objects', body: () => list('{}') },
  { name: 'empty strings', body: () => list('""') },
  { name: 'objects of one member', body: () => list('{"":1}') },
  { name: 'zeros', body: () => list('0') },
  { name: 'nulls', body: () => list('null') },
  { name: 'white space', body: () => filled('{"x":1', ' ', '}', '') },
  { name: 'white space alone', body: () => filled('', ' ', '', '') },
  { name: 'white space between', body: () => list(' \n\t\r1') },
  { name: 'keys', body: () => record((i) => `"k${i}":1`) },
  { name: 'keys that are indexes', body: () => record((i) => `"${i}":1`) },
  { name: 'keys that are sparse indexes', body: () => record((i) => `"${(i * 7919) % 4294967291}":1`) },
  { name: 'keys with an escape', body: () => record((i) => `"\\u006b${i}":1`) },
  { name: 'keys beyond Latin-1', body: () => record((i) => `"ключ${i}":1`) },
  { name: 'keys of 1,000 characters', body: () => record((i) => `"${String(i).padStart(1000, 'k')}":1`) },
  { name: 'one key that stands twice', body: () => filled('{"k":1,', (i) => `"k${i}":1`, ',"k":1}') },
  { name: 'keys that stand twice', body: () => record('"k":1') },
  { name: 'a long key that stands twice', body: () => filled('{"', 'k', `":1,"k":1,"k":1}`, '') },
  { name: 'a key that stands twice after colons', body: () => filled('{"k":1,"x":[', '":"', '],"k":1}') },
  { name: 'objects whose key stands twice', body: () => list('{"a":1,"a":2}') },
  { name: '__proto__ keys', body: () => list('{"__proto__":1}') },
  { name: '__proto__ at the end', body: () => filled('{"x":[', '{"a":1}', ',{"__proto__":1}]}') },
  { name: 'constructor keys', body: () => list('{"constructor":1}') },
  { name: 'strings of colons', body: () => string(':') },
  { name: 'many strings of colons', body: () => list('":::"') },
  { name: 'one colon in a long string', body: () => filled('{"x":":', 'a', '"}', '') },
  { name: 'one colon, many strings', body: () => filled('{"x":[":",', '""', ']}') },
  { name: 'one colon, many keys', body: () => filled('{"x":":",', (i) => `"k${i}":1`, '}') },
  { name: 'escaped quotes', body: () => string('\\"') },
  { name: 'escaped quotes and a colon', body: () => filled('{"x":":', '\\"', '"}', '') },
  { name: 'many escaped quotes and colons', body: () => list('":\\""') },
  { name: 'backslashes', body: () => string('\\\\') },
  { name: 'backslashes and a colon', body: () => filled('{"x":":', '\\\\', '"}', '') },
  { name: 'backslashes before quotes', body: () => string('\\\\\\"') },
  { name: 'escaped letters', body: () => string('\\u0041') },
  { name: 'escaped surrogates', body: () => string('\\ud83d\\ude00') },
  { name: 'lone escaped surrogates', body: () => string('\\ud83d') },
  { name: 'lone escaped surrogates in a schema', body: () => string('\\ud83d').replace('"x":"', '"x":["').replace(/"}$/, '"]}'), schema: SCHEMA },
  { name: 'line feeds', body: () => string('\\n') },
  { name: 'a string of ASCII', body: () => string('a') },
  { name: 'a string of two bytes a character', body: () => string('é') },
  { name: 'a string of Cyrillic', body: () => string('ж') },
  { name: 'a string of three bytes a character', body: () => string('語') },
  { name: 'a string of four bytes a character', body: () => string('😀') },
  { name: 'Cyrillic and colons', body: () => string('ж:') },
  { name: 'ASCII and one character beyond', body: () => filled('{"x":"ж', 'a', '"}', '') },
  { name: 'braces beside one character beyond Latin-1', body: () => filled('{"y":"ж","x":[', '{"":1}', ']}') },
  { name: 'Cyrillic strings', body: () => list('"ж"') },
  { name: 'a number of digits', body: () => filled('{"x":', '9', '}', '') },
  { name: 'a fraction', body: () => filled('{"x":0.', '3', '}', '') },
  { name: 'zeros behind a point', body: () => filled('{"x":9007199254740992.', '0', '}', '') },
  { name: 'an exponent', body: () => filled('{"x":1e', '0', '1}', '') },
  { name: 'long fractions', body: () => list(`0.${'1234567890'.repeat(10)}`) },
  { name: 'ordinary doubles', body: () => list((i) => String(Math.sin(i + 1))) },
  { name: 'exponents', body: () => list('1e300') },
  { name: 'invalid UTF-8 at the end', body: () => Buffer.concat([Buffer.from(string('a')), Buffer.from([0xff])]) },
  { name: 'invalid UTF-8 at the end, Cyrillic', body: () => Buffer.concat([Buffer.from(string('ж')), Buffer.from([0xff])]) },
  { name: 'Latin-1 sent as it is', body: () => Buffer.alloc(LIMIT, 0xe9) },
  { name: 'a byte order mark', body: () => '\ufeff' + string('a').slice(0, -5) + '"}' },
  { name: 'text that is no JSON', body: () => 'x'.repeat(LIMIT) },
  { name: 'Cyrillic text that is no JSON', body: () => 'ж'.repeat(LIMIT / 2) },
  { name: 'emoji that are no JSON', body: () => '😀'.repeat(LIMIT / 4) },
  { name: 'no JSON at the end', body: () => list('1') .slice(0, -1) + 'x' },
  { name: 'a string that nothing closes', body: () => filled('{"x":"', 'a', '', '') },
  { name: 'a string of an array', body: () => JSON.stringify('a'.repeat(LIMIT - 2)) },
  { name: 'a list at the root', body: () => filled('[', '{"a":1}', ']') },
  { name: 'int64: with a point', ...integers('9007199254740992.0') },
  { name: 'int64: with a point, changed at the end', body: () => filled('{"big":[', '9007199254740992.0', ',9007199254740993.0]}'), schema: SCHEMA },
  { name: 'int64: with many zeros', ...integers('9007199254740992.00000000000000000000') },
  { name: 'int64: with an exponent', ...integers('9.007199254740992e15') },
  { name: 'int64: short exponents', ...integers('1e18') },
  { name: 'int64: negative exponents', ...integers('90071992547409920e-1') },
  { name: 'int64: digits', ...integers('9007199254740992') },
  { name: 'int64: different digits', ...integers((i) => String(2n ** 53n + 2n * BigInt(i))) },
  { name: 'int64: different points', ...integers((i) => `${2n ** 53n + 2n * BigInt(i)}.0`) },
  { name: 'int64: changed digits', ...integers('9007199254740993') },
  { name: 'int64: small digits', ...integers('1') },
  { name: 'int64: small digits and one large', body: () => filled('{"big":[9007199254740992,', '1', ']}'), schema: SCHEMA },
  { name: 'int64: strings of digits', ...integers('"9007199254740993"') },
  { name: 'int64: one number of digits', body: () => filled('{"big":[', '9', ']}', ''), schema: SCHEMA },
  { name: 'int64: zeros behind a point', body: () => filled('{"big":[9007199254740992.', '0', ']}', ''), schema: SCHEMA },
  { name: 'int64: zeros behind a point, changed', body: () => filled('{"big":[9007199254740993.', '0', ']}', ''), schema: SCHEMA },
  { name: 'int64: zeros before an exponent', body: () => filled('{"big":[9007199254740992', '0', 'e-10485700]}', ''), schema: SCHEMA },
  { name: 'int64: zeros of an exponent', body: () => filled('{"big":[1e', '0', '18]}', ''), schema: SCHEMA },
  { name: 'int64: nines behind a point', body: () => filled('{"big":[9007199254740992.', '9', ']}', ''), schema: SCHEMA },
  { name: 'int64: a string of digits', body: () => filled('{"big":["', '9', '"]}', ''), schema: SCHEMA },
  { name: 'int64: a string of zeros', body: () => filled('{"big":["', '0', '1"]}', ''), schema: SCHEMA },
  { name: 'int64: a string of a fraction', body: () => filled('{"big":["9007199254740992.', '0', '"]}', ''), schema: SCHEMA },
  { name: 'int64: a string that is none', body: () => filled('{"big":["', '9', 'x"]}', ''), schema: SCHEMA },
  { name: 'int64: one large beside doubles', body: () => filled('{"big":[9007199254740992],"xs":[', '9007199254740993', ']}'), schema: SCHEMA },
  { name: 'int64: one large beside strings', body: () => filled('{"big":[9007199254740992],"x":[', '"\\""', ']}'), schema: SCHEMA },
  { name: 'int64: one large beside Cyrillic', body: () => filled('{"big":[9007199254740992],"x":["', 'ж', '"]}', ''), schema: SCHEMA },
  { name: 'int64: one changed beside doubles', body: () => filled('{"big":[9007199254740993],"xs":[', '1', ']}'), schema: SCHEMA },
  { name: 'a string for a list', body: () => string('a'), schema: SCHEMA },
  { name: 'double: a string of digits', body: () => filled('{"xs":["', '9', '"]}', ''), schema: SCHEMA },
  { name: 'double: a string of a fraction', body: () => filled('{"xs":["0.', '3', '"]}', ''), schema: SCHEMA },
]; // prettier-ignore
