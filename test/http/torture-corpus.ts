/** Bodies that have broken JSON servers. None may end in anything but 200 or 400. */
export const TORTURE: readonly (readonly [what: string, body: string | Uint8Array])[] = [
  ...malformed(),
  ...deep(),
  ...numbers(),
  ...strings(),
  ...keys(),
  ...encodings(),
  ...large(),
];

type Entries = [string, string | Uint8Array][];

function malformed(): Entries {
  const texts = [
    '',
    ' ',
    '\0',
    '{',
    '}',
    '[',
    ']',
    '{]',
    '[}',
    '{"text"}',
    '{"text":}',
    '{"text":,}',
    '{:"a"}',
    '{"text":"a",}',
    '{,"text":"a"}',
    '{"text":"a"',
    '{"text":"a"}}',
    '{"text":"a"}x',
    '{"text":"a"}\0',
    '{"text":"a"} {"text":"b"}',
    "{'text':'a'}",
    '{text:"a"}',
    '{"text":"a"/* comment */}',
    '// comment\n{}',
    '{"text":undefined}',
    '{"text":TRUE}',
    '{"text":nul}',
    '{"text":"a" "count":1}',
    '{"items":[{},,{}]}',
    '{"items":[1,]}',
    '{"text":"a\n"}',
    '{"text":"a\tb"}',
    '{"text":"\\x41"}',
    '{"text":"\\u12"}',
    '{"text":"\\u{41}"}',
    '{"text":"\\"}',
    '{"text":"a',
    '"text"',
    'true',
    'null',
    '12',
    '-',
    'NaN',
    'undefined',
    '<xml/>',
    'text=a&count=1',
    '--x\r\nContent-Disposition: form-data; name="text"\r\n\r\na\r\n--x--',
    '%7B%7D',
    '\u2028{}',
    '\u00a0{}',
    '\x0b{}',
    '{}\ufeff',
  ];
  return texts.map((text) => [`malformed ${JSON.stringify(text)}`, text]);
}

function deep(): Entries {
  const levels = (open: string, close: string, depth: number, middle = '') =>
    open.repeat(depth) + middle + close.repeat(depth);
  return [99, 100, 101, 999, 1_000, 1_001, 5_000, 100_000].flatMap((depth): Entries => [
    [`arrays ${depth} deep`, `{"a":${levels('[', ']', depth)}}`],
    [`objects ${depth} deep`, levels('{"inner":', '}', depth, '{}')],
    [`a Struct ${depth} deep`, `{"extra":${levels('{"a":', '}', depth, '1')}}`],
    [`a list in a Struct ${depth} deep`, `{"extra":{"a":${levels('[', ']', depth)}}}`],
    [`open arrays ${depth} deep`, `{"a":${'['.repeat(depth)}`],
    [`open objects ${depth} deep`, '{"inner":'.repeat(depth)],
    [`both ${depth} deep`, levels('{"a":[', ']}', depth)],
  ]);
}

function numbers(): Entries {
  const texts = [
    '0',
    '-0',
    '-0.0',
    '1e999',
    '-1e999',
    '1e-999',
    '1E400',
    '0e0',
    '1e5',
    '1.5',
    '2147483647',
    '2147483648',
    '-2147483649',
    '9007199254740993',
    '18446744073709551616',
    `1${'0'.repeat(400)}`,
    `0.${'0'.repeat(400)}1`,
    '9'.repeat(100_000),
    `1e${'9'.repeat(1_000)}`,
    '01',
    '+1',
    '.5',
    '5.',
    '1e',
    '0x10',
    '1_000',
    '1n',
    'Infinity',
    '-Infinity',
    '--1',
    '"1"',
    '" 1"',
    '"1e3"',
    '"0x1"',
    '""',
  ];
  return texts.flatMap((text): Entries => {
    const shown = text.slice(0, 20);
    return [
      [`a count of ${shown}`, `{"count":${text}}`],
      [`a number in a Struct of ${shown}`, `{"extra":{"n":${text}}}`],
    ];
  });
}

function strings(): Entries {
  const texts = [
    '\\ud800',
    '\\udc00',
    '\\udc00\\ud800',
    'a\\ud800b',
    '\\ud83d\\ude00',
    '\\u0000',
    '\\u0000\\u001f\\u007f\\u009f',
    '\\b\\f\\n\\r\\t\\/\\\\\\"',
    '\\u2028\\u2029',
    '\\ufeff',
    '\\ufffe\\uffff',
    '\u{10ffff}',
    'e\u0301'.repeat(1_000),
    '\u202e\u200b\u200f',
    '😀'.repeat(1_000),
    '\x7f',
    '${7*7}{{7*7}}<script>',
    "'; DROP TABLE models; --",
    '\\u'.repeat(10),
  ];
  return texts.flatMap((text): Entries => {
    const shown = text.slice(0, 20);
    return [
      [`the text ${shown}`, `{"text":"${text}"}`],
      [`the key ${shown}`, `{"${text}":1}`],
      [`the map key ${shown}`, `{"labels":{"${text}":"${text}"}}`],
      [`the Struct key ${shown}`, `{"extra":{"${text}":"${text}"}}`],
    ];
  });
}

function keys(): Entries {
  const names = [
    '__proto__',
    'constructor',
    'prototype',
    'toString',
    'valueOf',
    'hasOwnProperty',
    'toJSON',
    'then',
    '__defineGetter__',
    'length',
    '',
    '0',
    '-1',
    '@type',
    '$ref',
  ];
  const named = names.flatMap((name): Entries => [
    [`${name} as a key`, `{"${name}":{"polluted":true}}`],
    [`${name} as a key of null`, `{"${name}":null}`],
    [`${name} as a key below`, `{"inner":{"${name}":{"polluted":true}}}`],
    [`${name} in a map`, `{"labels":{"${name}":"polluted"}}`],
    [`${name} in a Struct`, `{"extra":{"${name}":{"prototype":{"polluted":true}}}}`],
    [`${name} in an array`, `{"items":[{"${name}":{"polluted":true}}]}`],
    [`${name} twice`, `{"${name}":1,"${name}":2}`],
  ]);
  return [
    ...named,
    ['an escaped __proto__', '{"\\u005f_proto__":{"polluted":true}}'],
    ['constructor.prototype', '{"constructor":{"prototype":{"polluted":true}}}'],
    ['one field twice', '{"text":"a","text":"b"}'],
    ['one field twice, once wrong', '{"text":"a","text":1}'],
    ['one map key twice', '{"labels":{"a":"1","a":"2"}}'],
    ['wrong kinds', '{"text":{},"count":[],"items":{},"labels":[],"inner":"x","extra":1}'],
    ['nulls', '{"text":null,"count":null,"items":null,"labels":null,"inner":null,"extra":null}'],
    ['null in a list', '{"items":[null]}'],
    ['booleans', '{"text":true,"count":false}'],
  ];
}

function encodings(): Entries {
  const bytes = (hex: string) => Buffer.from(hex.replaceAll(' ', ''), 'hex');
  return [
    ['a byte order mark alone', bytes('efbbbf')],
    ['a byte order mark and an object', Buffer.from('\ufeff{}')],
    ['half a byte order mark', bytes('efbb 7b7d')],
    ['UTF-16LE', Buffer.from('\ufeff{"text":"a"}', 'utf16le')],
    ['UTF-16LE without a mark', Buffer.from('{"text":"a"}', 'utf16le')],
    ['UTF-16BE', Buffer.from('\ufeff{"text":"a"}', 'utf16le').swap16()],
    ['UTF-32', bytes('fffe0000 7b000000 7d000000')],
    ['Latin-1', Buffer.from('{"text":"ä"}', 'latin1')],
    ['a stray continuation byte', bytes('7b2274657874223a2280227d')],
    ['an overlong NUL', bytes('7b2274657874223a22c080227d')],
    ['a surrogate in UTF-8', bytes('7b2274657874223a22eda080227d')],
    ['a character cut off', bytes('7b2274657874223a22e282')],
    ['zeros', Buffer.alloc(1_000)],
    ['0xff', Buffer.alloc(1_000, 0xff)],
    ['gzip that does not say so', bytes('1f8b0800000000000003')],
  ];
}

function large(): Entries {
  const many = (count: number, item: (index: number) => string) =>
    Array.from({ length: count }, (_, index) => item(index)).join(',');
  return [
    ['a long text', `{"text":"${'x'.repeat(1_000_000)}"}`],
    ['a long text of escapes', `{"text":"${'\\u0041'.repeat(100_000)}"}`],
    ['a long key', `{"${'k'.repeat(1_000_000)}":1}`],
    ['many keys', `{${many(20_000, (index) => `"k${index}":${index}`)}}`],
    ['many map keys', `{"labels":{${many(20_000, (index) => `"k${index}":"v"`)}}}`],
    ['many numeric keys', `{"labels":{${many(20_000, (index) => `"${index * 7919}":"v"`)}}}`],
    ['many items', `{"items":[${many(20_000, () => '{}')}]}`],
    ['many wrong items', `{"items":[${many(20_000, () => '1')}]}`],
    ['many empty arrays', `{"a":[${many(50_000, () => '[]')}]}`],
    ['much white space', `${' \n\t\r'.repeat(100_000)}{}${' '.repeat(100_000)}`],
  ];
}
