// node bench/binary.mjs: what a message costs in binary against the same in JSON. Needs `npm run compile`.
import protobuf from 'protobufjs';
import { JsonText } from '../dist/src/json/index.js';
import { compileSchema } from '../dist/src/schema/index.js';
import { median } from './harness/statistics.mjs';

const ROUNDS = 15;
const ROUND_MS = 20;

const PROTO = `
  syntax = "proto3";
  message Tensor { repeated float values = 1; }
  message Rows { repeated Row rows = 1; }
  message Row { int32 id = 1; string name = 2; double score = 3; Place place = 4; Kind kind = 5; repeated string tags = 6; }
  message Place { double latitude = 1; double longitude = 2; bool exact = 3; }
  message Counts { map<string, int64> counts = 1; }
  message Image { bytes image = 1; }
  enum Kind { UNKNOWN = 0; ARTICLE = 1; COMMENT = 2; }
`;

const times = (count, item) => Array.from({ length: count }, (_, i) => item(i));
const floats = Float32Array.from({ length: 100_000 }, (_, i) => Math.sin(i + 1));
const row = (id) => ({
  id,
  name: `name ${id}`,
  score: id / 7,
  place: { latitude: 50 + id / 100, longitude: 20, exact: id % 2 === 0 },
  kind: id % 2 === 0 ? 'ARTICLE' : 'COMMENT',
  tags: ['new', 'of a kind'],
});

const MESSAGES = [
  ['repeated float, 100,000', 'Tensor', { values: Array.from(floats) }, { values: floats }],
  ['1,000 nested small messages', 'Rows', { rows: times(1_000, row) }],
  ['one small message', 'Rows', { rows: [row(7)] }],
  ['a map of 1,000 64-bit integers', 'Counts', { counts: Object.fromEntries(times(1_000, (i) => [`key ${i}`, String(i * 1_000_003)])) }],
  ['an image of 100 KB', 'Image', { image: Buffer.alloc(100_000, 'image').toString('base64') }],
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
const rows = MESSAGES.map(([what, message, value, returned = value]) => {
  const type = root.lookupType(message);
  const { request, response } = compileSchema({ request: type, response: type }, 'bench');
  const json = Buffer.from(JSON.stringify(value));
  const binary = response.writeBinary(value);
  const readJson = () => {
    const text = new JsonText(json.toString(), json);
    return request.read(text.parse(), { text, wellFormed: text.isWellFormed() });
  };
  const rounds = alternate([
    readJson,
    () => request.readBinary(binary),
    () => Buffer.from(JSON.stringify(response.write(returned))),
    () => response.writeBinary(returned),
  ]);
  const share = (a, b) => median(rounds.map((round) => round[a] / round[b])).toFixed(3);
  return {
    message: what,
    'read, binary / JSON': share(1, 0),
    'write, binary / JSON': share(3, 2),
    'JSON in, µs': median(rounds.map(([us]) => us)).toFixed(1),
    'JSON out, µs': median(rounds.map((round) => round[2])).toFixed(1),
    'bytes, binary / JSON': (binary.length / json.length).toFixed(2),
  };
});
console.table(rows);
