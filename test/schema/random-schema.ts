import type { Root } from 'protobufjs';
import type { Random } from './random.js';
import { rootOf } from './root-of.js';

const SCALARS = [
  'double', 'float', 'int32', 'int64', 'uint32', 'uint64', 'sint32', 'sint64', 'fixed32', 'fixed64',
  'sfixed32', 'sfixed64', 'bool', 'string', 'bytes',
]; // prettier-ignore
const MAP_KEYS = SCALARS.filter((type) => !['double', 'float', 'bytes'].includes(type));
const WELL_KNOWN = [
  'Timestamp', 'Duration', 'FieldMask', 'Struct', 'Value', 'ListValue', 'NullValue', 'Any', 'Empty',
  'DoubleValue', 'FloatValue', 'Int64Value', 'UInt64Value', 'Int32Value', 'UInt32Value',
  'BoolValue', 'StringValue', 'BytesValue',
]; // prettier-ignore
const NAMES = [
  'title', 'body', 'big_id', 'value', 'x', 'a_b_c', 'type', 'long_name_here', 'f1', 'n_2', 'text', 'flag', 'count',
]; // prettier-ignore
/** What every object inherits. Not for repeated fields: the reference fails to encode these in an Any. */
const INHERITED_NAMES = [
  'constructor',
  'to_string',
  'hasOwnProperty',
  'valueOf',
  'is_prototype_of',
];
/** A json_name may be any string: quotes, line separators, code, names every object inherits. */
const JSON_NAMES = [
  '@id',
  'ID',
  'a b',
  "it's",
  '];x(//',
  '__proto__',
  'v["x"]',
  '${x}',
  '日本',
  '0',
  '\u2028',
];

/** A random schema with the messages M0 to M3, which may hold themselves and each other. */
export function randomSchema(random: Random): { root: Root; text: string } {
  const proto2 = random.chance(0.3);
  const lines = [`syntax = "${proto2 ? 'proto2' : 'proto3'}";`, 'package fuzz.v1;'];
  lines.push('enum E0 { E0_ZERO = 0; E0_ONE = 1; E0_MINUS = -1; constructor = 7; }');
  lines.push('enum E1 { option allow_alias = true; A = 0; B = 5; C = 5; }');
  const many = Array.from({ length: 12 }, (_, i) => `BIG_${i} = ${i};`).join(' ');
  lines.push(`enum E2 { ${many} }`);
  for (let i = 0; i < 4; i++) lines.push(message(`M${i}`, random, proto2));
  if (proto2) lines.push('extend M0 { optional int32 ext_num = 101; repeated M1 ext_list = 102; }');
  const text = lines.join('\n');

  return { root: rootOf(text), text };
}

function message(name: string, random: Random, proto2: boolean): string {
  const names = shuffled(NAMES, random);
  const inherited = shuffled(INHERITED_NAMES, random);
  const jsonNames = shuffled(JSON_NAMES, random);
  let id = 0;
  const field = (label: string): string => {
    const jsonName = random.chance(0.2) ? jsonNames.pop() : undefined;
    const option = jsonName === undefined ? '' : ` [json_name = ${protoString(jsonName)}]`;
    const pool = !/^(?:repeated|required)/.test(label) && random.chance(0.2) ? inherited : names;
    return `${label} ${pool.pop() ?? names.pop()} = ${++id}${option};`;
  };
  const parts: string[] = [];
  const count = random.below(6) + (name === 'M0' ? 2 : 0);
  for (let i = 0; i < count; i++) {
    const kind = random.next();
    if (kind < 0.15) parts.push(field(`map<${random.pick(MAP_KEYS)}, ${type(random)}>`));
    else if (kind < 0.35) parts.push(field(`repeated ${type(random)}`));
    else if (!proto2) parts.push(field(`${random.chance(0.3) ? 'optional ' : ''}${type(random)}`));
    else parts.push(field(`${random.chance(0.15) ? 'required' : 'optional'} ${type(random)}`));
  }
  if (random.chance(0.5)) {
    parts.push(`oneof choice { ${field(type(random))} ${field(type(random))} }`);
  }
  if (proto2 && random.chance(0.5)) {
    parts.push(`optional group Grp = ${++id} { optional int32 in_group = 1; }`);
  }
  if (proto2 && name === 'M0') parts.push('extensions 100 to 200;');
  return `message ${name} { ${parts.join(' ')} }`;
}

function shuffled(names: readonly string[], random: Random): string[] {
  return names
    .map((name) => ({ name, rank: random.next() }))
    .sort((a, b) => a.rank - b.rank)
    .map(({ name }) => name);
}

function type(random: Random): string {
  const kind = random.next();
  if (kind < 0.45) return random.pick(SCALARS);
  if (kind < 0.58) return random.pick(['E0', 'E1', 'E2']);
  if (kind < 0.75) return `M${random.below(4)}`;
  return `google.protobuf.${random.pick(WELL_KNOWN)}`;
}

function protoString(text: string): string {
  return `"${text.replace(/["\\]/g, '\\$&')}"`;
}
