// node --expose-gc --single-threaded bench/hostile-bodies.mjs [part of a name] [MiB]: how long the dearest
// bodies hold the event loop, from their chunks to their checked value, against `JSON.parse`. Needs
// `npm run compile`.
import protobuf from 'protobufjs';
import { readJson } from '../dist/src/gate/json-body.js';
import { checkFreeValue } from '../dist/src/json/index.js';
import { compileSchema } from '../dist/src/schema/index.js';
import { median } from './harness/statistics.mjs';
import { MESSAGES } from './workload/hostile-messages.mjs';
import { TEXTS } from './workload/hostile-texts.mjs';

const [PART = ''] = process.argv.slice(2);
const ROUNDS = 5;
const CHUNK = 65_536;
/** What a body may cost: so many times its `JSON.parse`, and milliseconds beyond. */
const TIMES = 5;
const BEYOND = 5;

const WELL_KNOWN = ['any', 'duration', 'field_mask', 'struct', 'timestamp', 'wrappers'];

function codecOf(messages) {
  const root = new protobuf.Root();
  for (const file of WELL_KNOWN) {
    root.addJSON(protobuf.common.get(`google/protobuf/${file}.proto`).nested);
  }
  protobuf.parse(`syntax = "proto3"; ${messages}`, root, { keepCase: true });
  return compileSchema({ request: root.resolveAll().lookupType('Request') }, 'bench').request;
}

/** All of what the intake and the validation do with a body, but for the network. */
function serve(chunks, codec) {
  const call = {};
  const value = readJson(call, chunks.length === 1 ? chunks[0] : Buffer.concat(chunks));
  if (codec === undefined) checkFreeValue(value, call.text);
  else codec.read(value, call);
}

/** Processor time, which other programs disturb least; without threads of V8 it is the event loop's. */
function time(action) {
  globalThis.gc?.();
  const before = process.cpuUsage();
  const refusal = refusalOf(action);
  const { user, system } = process.cpuUsage(before);
  return [(user + system) / 1_000, refusal];
}

function refusalOf(action) {
  try {
    action();
    return '';
  } catch (error) {
    if (!(error instanceof SyntaxError) && error.name !== 'InvalidRequest') throw error;
    return error.message;
  }
}

function measure({ schema, body }) {
  const bytes = Buffer.from(body());
  const chunks = [];
  for (let at = 0; at < bytes.length; at += CHUNK) chunks.push(bytes.subarray(at, at + CHUNK));
  const codec = schema && codecOf(schema);
  const parses = [];
  const reads = [];
  let refusal;
  // The first round is for the compiler.
  for (let round = 0; round <= ROUNDS; round++) {
    // Of its own each time: a text that was read before may be kept in a faster form.
    const text = bytes.toString().replace(/^\ufeff/, '');
    const [parse] = time(() => JSON.parse(text));
    const [read, refused] = time(() => serve(chunks, codec));
    refusal = refused;
    if (round === 0) continue;
    parses.push(parse);
    reads.push(read);
  }
  return { parse: median(parses), read: median(reads), refusal };
}

const column = (number) => number.toFixed(1).padStart(8);

console.log(`${'body'.padEnd(48)}   parse    read   ratio`);
for (const row of [...TEXTS, ...MESSAGES].filter(({ name }) => name.includes(PART))) {
  const { parse, read, refusal } = measure(row);
  const verdict = read <= TIMES * parse + BEYOND ? 'PASS' : 'FAIL';
  const figures = [parse, read, read / parse].map(column).join('');
  console.log(`${row.name.padEnd(48)}${figures}  ${verdict}  ${refusal.slice(0, 60)}`);
}
