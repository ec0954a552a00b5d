// node bench/validation.mjs: cases 6 and 7, validation alone. Needs `npm run compile`.
import protobuf from 'protobufjs';
import protojson from 'protobufjs/ext/protojson.js';
import { compileSchema } from '../dist/src/schema/index.js';
import { alternate } from './harness/alternate.mjs';
import { figureOf } from './harness/measure.mjs';
import { table } from './harness/report.mjs';

/** Validation is shorter than a look at the clock. */
const CALLS = 64;

const PROTO = `
  syntax = "proto3";
  message Text { string title = 1; string body = 2; repeated string enrichments = 3; }
  message Matrix { repeated Row rows = 1; }
  message Row { repeated double values = 1; }
  message Catalogue {
    map<string, double> scores = 1;
    map<int32, string> labels = 2;
    repeated Item items = 3;
  }
  message Item {
    string id = 1;
    int32 count = 2;
    Kind kind = 3;
    repeated Kind kinds = 4;
    bool active = 5;
    uint64 bytes_total = 6;
    oneof payload { string text_payload = 7; double number_payload = 8; Row row_payload = 9; }
    map<string, string> tags = 10;
  }
  enum Kind { UNKNOWN = 0; ARTICLE = 1; COMMENT = 2; PRODUCT_REVIEW = 3; }
`;

const ENGLISH = 'The quick brown fox jumps over the lazy dog, and then sits down in the sun. ';
const RUSSIAN = 'Съешь же ещё этих мягких французских булок, да выпей чаю в тени. ';
const numbers = (count) => Array.from({ length: count }, (_, i) => Math.sin(i + 1));
const text = (sentence, times) => ({
  title: sentence.trim(),
  body: sentence.repeat(times),
  enrichments: ['language', 'confidence'],
});

const catalogue = {
  scores: Object.fromEntries(numbers(60).map((value, i) => [`label-${i}`, value])),
  labels: Object.fromEntries(numbers(60).map((_, i) => [String(i), `name of ${i}`])),
  items: Array.from({ length: 40 }, (_, i) => ({
    id: `item-${i}`,
    count: i,
    kind: ['ARTICLE', 'COMMENT', 'PRODUCT_REVIEW'][i % 3],
    kinds: ['COMMENT', 'UNKNOWN'],
    active: i % 2 === 0,
    bytesTotal: String(i * 1_000_003),
    ...[{ textPayload: 'short' }, { numberPayload: i / 7 }, { rowPayload: { values: [i, 0.5] } }][
      i % 3
    ],
    tags: { colour: 'blue', size: 'large' },
  })),
};

const CANONICAL = [
  { what: 'text, 1.3 KB', message: 'Text', value: text(ENGLISH, 15), target: 8 },
  {
    what: '16 x 64 doubles',
    message: 'Matrix',
    value: { rows: Array.from({ length: 16 }, () => ({ values: numbers(64) })) },
    target: 2,
  },
  { what: 'maps, enums and oneofs, 10 KB', message: 'Catalogue', value: catalogue, target: 9 },
  { what: 'Cyrillic text', message: 'Text', value: text(RUSSIAN, 15), target: 20 },
];

const NOT_CANONICAL = [
  { what: 'original field names', message: 'Catalogue', value: renamed(catalogue) },
  { what: 'numbers as strings', message: 'Matrix', value: quoted() },
  { what: 'null fields', message: 'Text', value: { ...text(ENGLISH, 15), enrichments: null } },
  { what: 'refused at the end', message: 'Catalogue', value: { ...catalogue, nope: 1 } },
  { what: 'refused at once', message: 'Text', value: { titel: 'x' } },
];

function renamed(value) {
  return {
    ...value,
    items: value.items.map(({ bytesTotal, ...item }) => ({ ...item, bytes_total: bytesTotal })),
  };
}

function quoted() {
  return { rows: Array.from({ length: 16 }, () => ({ values: numbers(64).map(String) })) };
}

/** All rows of the table, in the shape of bench/harness/row.mjs. */
export async function run() {
  const root = protobuf.parse(PROTO).root.resolveAll();
  const codecs = new Map();
  for (const name of ['Text', 'Matrix', 'Catalogue']) {
    codecs.set(name, compileSchema({ request: root.lookupType(name) }, 'bench').request);
  }
  return [
    ...CANONICAL.map((one) => canonicalRow(one, codecs.get(one.message))),
    ...CANONICAL.map((one) => unvouchedRow(one, codecs.get(one.message))),
    ...NOT_CANONICAL.map((one) =>
      slowRow(one, codecs.get(one.message), root.lookupType(one.message)),
    ),
  ];
}

/** As a server does it that holds the text: one search for `\\u` spares the search of each string. */
function canonicalRow({ what, value, target }, codec) {
  const json = JSON.stringify(value);
  const validate = (one) => codec.read(one, { wellFormed: !json.includes('\\u') });
  return shareOfParse(what, json, validate, { atMost: target });
}

function unvouchedRow({ what, value }, codec) {
  return shareOfParse(`${what}, each string searched`, JSON.stringify(value), (one) =>
    codec.read(one),
  );
}

function shareOfParse(what, json, validate, target) {
  const parse = () => JSON.parse(json);
  // Many equal values, made before: one value would have its shape and its strings in every cache.
  const values = Array.from({ length: 64 }, parse);
  if (values.some((value) => validate(value) !== value)) throw new Error(`${what}: not canonical`);
  let i = 0;
  const shares = alternate([() => validate(values[i++ & 63]), parse], CALLS).map(
    ([a, b]) => (100 * a) / b,
  );
  return {
    case: '6',
    what: `validation of ${what}`,
    against: 'JSON.parse',
    cpu: figureOf(shares, '%', target),
    note: `${json.length} characters`,
  };
}

function slowRow({ what, value }, codec, type) {
  const ours = () => attempt(() => codec.read(value));
  const theirs = () => attempt(() => protojson.fromJson(type, value));
  if (ours() !== theirs()) throw new Error(`${what}: another verdict than the reference`);
  const ratios = alternate([ours, theirs], CALLS).map(([a, b]) => a / b);
  return {
    case: '7',
    what: `validation on the slow path, ${what}`,
    against: 'ext/protojson',
    cpu: figureOf(ratios, 'x', { atMost: 1.3 }),
  };
}

function attempt(action) {
  try {
    action();
    return true;
  } catch {
    return false;
  }
}

if (process.argv[1] === import.meta.filename) {
  console.log(table(await run()));
}
