// node bench/strict-json.mjs: what strict reading of JSON costs, for ordinary bodies and for hostile
// ones of 8 MiB. Needs `npm run build`.
import protobuf from 'protobufjs';
import { checkFreeValue, JsonText } from '../dist/src/json/index.js';
import { compileSchema } from '../dist/src/schema/index.js';
import { median } from './harness/statistics.mjs';

const ROUNDS = 25;
const ROUND_MS = 15;

const PROTO = `
  syntax = "proto3";
  message Text { string title = 1; string body = 2; repeated string enrichments = 3; }
  message Numbers { repeated double values = 1; }
  message Rows { repeated Row rows = 1; }
  message Row { int32 id = 1; string name = 2; double score = 3; }
  message Texts { repeated string texts = 1; }
  message Any {
    map<string, string> labels = 1; map<int32, string> ids = 2; repeated Any items = 3;
    repeated int64 big = 4; repeated double xs = 5; string text = 6; bytes data = 7;
  }
`;

const SENTENCE = 'The quick brown fox jumps over the lazy dog, and then sits down in the sun. ';
const times = (count, item) => Array.from({ length: count }, (_, i) => item(i));

const ORDINARY = [
  ['the example, 1.2 KB', 'Text', { title: SENTENCE, body: SENTENCE.repeat(14), enrichments: [] }],
  ['1 MB of numbers', 'Numbers', { values: times(54_000, (i) => Math.sin(i + 1)) }],
  ['1 MB of small objects', 'Rows', { rows: times(25_000, (id) => ({ id, name: `name ${id}`, score: id / 7 })) }],
  ['1 MB of strings with colons', 'Texts', { texts: times(20_000, (i) => `12:30:${i % 60} http://host:80/${i} and some more text`) }],
]; // prettier-ignore

/** Processor time, since others may be at work on the same cores; each function in turn. */
function alternate(functions) {
  for (let i = 0; i < 5; i++) functions.forEach(time);
  return Array.from({ length: ROUNDS }, () => functions.map(time));
}

function time(action) {
  let calls = 0;
  const started = performance.now();
  const before = process.cpuUsage();
  do {
    action();
    calls++;
  } while (performance.now() - started < ROUND_MS);
  const { user, system } = process.cpuUsage(before);
  return (user + system) / calls;
}

const root = protobuf.parse(PROTO).root.resolveAll();
const rows = ORDINARY.map(([what, message, value]) => {
  const codec = compileSchema({ request: root.lookupType(message) }, 'bench').request;
  const json = JSON.stringify(value);
  const text = new JsonText(json, Buffer.from(json));
  const parsed = times(16, () => JSON.parse(json));
  let turn = 0;
  const next = () => parsed[turn++ % parsed.length];
  const functions = [
    () => JSON.parse(json),
    () => codec.read(next(), { wellFormed: true }),
    () => codec.read(next(), { wellFormed: true, text }),
    () => checkFreeValue(next(), text),
  ];
  const shares = alternate(functions).map(([parse, plain, strict, free]) => [
    (100 * plain) / parse,
    (100 * (strict - plain)) / parse,
    (100 * free) / parse,
  ]);
  const [plain, duplicates, free] = [0, 1, 2].map((i) => median(shares.map((share) => share[i])));
  return {
    body: what,
    'schema alone, % of JSON.parse': plain.toFixed(1),
    'keys that stand twice': duplicates.toFixed(1),
    'all checks without a schema': free.toFixed(1),
  };
});
console.table(rows);

const SIZE = 8 * 2 ** 20;
const many = (count, item) => times(Math.floor(count), item).join(',');
const bytes = Buffer.from(times((SIZE * 3) / 4, (i) => (i * 7919) & 255));

const HOSTILE = {
  'url-safe base64': () => `{"data":"${bytes.toString('base64url')}"}`,
  '500,000 map keys': () => `{"labels":{${many(500_000, (i) => `"k${i}":"v"`)}}}`,
  '500,000 map keys that are not canonical': () =>
    `{"ids":{${many(500_000, (i) => `"0${i * 7}":"v"`)}}}`,
  'arrays that nothing closes': () => `{"items":${'['.repeat(SIZE)}`,
  'nested arrays': () => `{"items":${'['.repeat(SIZE / 2)}${']'.repeat(SIZE / 2)}}`,
  'empty arrays': () => `{"items":[${many(SIZE / 3, () => '[]')}]}`,
  'empty objects': () => `{"items":[${many(SIZE / 3, () => '{}')}]}`,
  numbers: () => `{"xs":[${many(SIZE / 12, (i) => `0.${i * 7919}`)}]}`,
  '100,000 unknown fields': () => `{${many(100_000, (i) => `"unknown${i}":${i}`)}}`,
  escapes: () => `{"text":"${'\\u0041'.repeat(SIZE / 6)}"}`,
  backslashes: () => `{"text":"${'\\\\'.repeat(SIZE / 2)}"}`,
  'a key that stands twice': () => `{"labels":{${many(500_000, (i) => `"k${i}":"v"`)},"k0":"v"}}`,
  'large exact integers': () => `{"big":[${many(SIZE / 20, () => '9223372036854774784')}]}`,
  'changed doubles, a large integer': () =>
    `{"xs":[${many(SIZE / 20, () => '9223372036854774785')}],"big":[9223372036854774784]}`,
};

/** The least milliseconds of processor time of three tries. */
function cost(action) {
  const tries = times(3, () => {
    const before = process.cpuUsage();
    try {
      action();
    } catch {
      // Most of these bodies are refused.
    }
    const { user, system } = process.cpuUsage(before);
    return (user + system) / 1_000;
  });
  return Math.min(...tries);
}

const anyCodec = compileSchema({ request: root.lookupType('Any') }, 'bench').request;
console.table(
  Object.entries(HOSTILE).map(([body, make]) => {
    const sent = Buffer.from(make());
    const parse = cost(() => JSON.parse(sent.toString()));
    const read = (check) =>
      cost(() => {
        const text = JsonText.decode(sent);
        check(text.parse(), text);
      });
    const checked = read((value, text) =>
      anyCodec.read(value, { text, wellFormed: text.isWellFormed() }),
    );
    const free = read(checkFreeValue);
    const shown = (ms) => `${ms.toFixed(0)} ms (${(ms / parse).toFixed(1)}x)`;
    return {
      body,
      'JSON.parse': `${parse.toFixed(0)} ms`,
      'with a schema': shown(checked),
      without: shown(free),
    };
  }),
);
