// node bench/strict-json.mjs: what strict reading of JSON costs. Needs `npm run compile`.
import protobuf from 'protobufjs';
import { checkFreeValue, JsonText } from '../dist/src/json/index.js';
import { compileSchema } from '../dist/src/schema/index.js';
import { alternate } from './harness/alternate.mjs';
import { median } from './harness/statistics.mjs';

const PROTO = `
  syntax = "proto3";
  message Text { string title = 1; string body = 2; repeated string enrichments = 3; }
  message Numbers { repeated double values = 1; }
  message Rows { repeated Row rows = 1; }
  message Row { int32 id = 1; string name = 2; double score = 3; }
  message Texts { repeated string texts = 1; }
`;

const SENTENCE = 'The quick brown fox jumps over the lazy dog, and then sits down in the sun. ';
const times = (count, item) => Array.from({ length: count }, (_, i) => item(i));

const ORDINARY = [
  ['the example, 1.2 KB', 'Text', { title: SENTENCE, body: SENTENCE.repeat(14), enrichments: [] }],
  ['1 MB of numbers', 'Numbers', { values: times(54_000, (i) => Math.sin(i + 1)) }],
  ['1 MB of small objects', 'Rows', { rows: times(25_000, (id) => ({ id, name: `name ${id}`, score: id / 7 })) }],
  ['1 MB of strings with colons', 'Texts', { texts: times(20_000, (i) => `12:30:${i % 60} http://host:80/${i} and some more text`) }],
]; // prettier-ignore

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
  const shares = alternate(functions, 1).map(([parse, plain, strict, free]) => [
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
