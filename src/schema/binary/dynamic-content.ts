import { HARMLESS_KEY, reachesPrototype } from '../../json/index.js';
import { MAX_DEPTH, setOwn } from '../report.js';
import { lengthPrefixed, type Content, type Form } from './form.js';
import { scalarForm } from './scalar-form.js';
import type { WireReader } from './wire-reader.js';
import { FIXED64, LENGTH_PREFIXED, VARINT, tagOf } from './wire-type.js';

/*
 * google.protobuf.Value, Struct and ListValue: any JSON. Depth counts one for each level of JSON,
 * as it does where they come as JSON, not the messages that a level is made of.
 */

const NULL = tagOf(1, VARINT);
const NUMBER = tagOf(2, FIXED64);
const STRING = tagOf(3, LENGTH_PREFIXED);
const BOOL = tagOf(4, VARINT);
const STRUCT = tagOf(5, LENGTH_PREFIXED);
const LIST = tagOf(6, LENGTH_PREFIXED);

/** Of a Struct's fields and of a ListValue's values alike. */
const MEMBER = tagOf(1, LENGTH_PREFIXED);
const ENTRY_KEY = tagOf(1, LENGTH_PREFIXED);
const ENTRY_VALUE = tagOf(2, LENGTH_PREFIXED);

const text = scalarForm('string');

export const valueContent: Content = {
  read(wire, earlier, at, depth) {
    if (depth > MAX_DEPTH) wire.tooDeep(at);
    let out = earlier;
    for (let tag = wire.next(at); tag !== 0; tag = wire.next(at)) {
      if (tag === NUMBER) out = readNumber(wire, at);
      else if (tag === STRING) out = wire.string();
      else if (tag === BOOL) out = wire.bool();
      else if (tag === STRUCT) out = struct.read(wire, isStruct(out) ? out : undefined, at, depth);
      else if (tag === LIST) out = list.read(wire, Array.isArray(out) ? out : undefined, at, depth);
      else if (tag === NULL) {
        wire.varint32();
        out = null;
      } else wire.skip(tag, depth);
    }
    return out === undefined ? wire.report.refuse(at, 'expected a JSON value, got none') : out;
  },
  write(writer, value) {
    switch (typeof value) {
      case 'number':
        writer.varint32(NUMBER);
        return writer.double(value);
      case 'string':
        writer.varint32(STRING);
        return writer.string(value);
      case 'boolean':
        writer.varint32(BOOL);
        return writer.varint32(Number(value));
    }
    if (value === null) {
      writer.varint32(NULL);
      writer.varint32(0);
    } else if (Array.isArray(value)) {
      writer.varint32(LIST);
      list.write(writer, value);
    } else {
      writer.varint32(STRUCT);
      struct.write(writer, value);
    }
  },
};

export const structContent: Content = {
  read(wire, earlier, at, depth) {
    if (depth > MAX_DEPTH) wire.tooDeep(at);
    const out = (earlier ?? {}) as Record<string, unknown>;
    for (let tag = wire.next(at); tag !== 0; tag = wire.next(at)) {
      if (tag === MEMBER) readEntry(wire, out, at, depth + 1);
      else wire.skip(tag, depth);
    }
    return out;
  },
  write(writer, value) {
    const members = value as Record<string, unknown>;
    // Sorted, so that equal structs are equal bytes.
    for (const key of Object.keys(members).sort()) {
      writer.varint32(MEMBER);
      const start = writer.begin();
      writer.varint32(ENTRY_KEY);
      text.write(writer, key);
      writer.varint32(ENTRY_VALUE);
      json.write(writer, members[key]);
      writer.end(start);
    }
  },
};

export const listContent: Content = {
  read(wire, earlier, at, depth) {
    if (depth > MAX_DEPTH) wire.tooDeep(at);
    const out = (earlier ?? []) as unknown[];
    for (let tag = wire.next(at); tag !== 0; tag = wire.next(at)) {
      if (tag === MEMBER) {
        wire.enterField(at, out.length);
        out.push(json.read(wire, undefined, at + 1, depth + 1));
      } else wire.skip(tag, depth);
    }
    return out;
  },
  write(writer, value) {
    for (const element of value as readonly unknown[]) {
      writer.varint32(MEMBER);
      json.write(writer, element);
    }
  },
};

const json: Form = lengthPrefixed(valueContent);
const struct: Form = lengthPrefixed(structContent);
const list: Form = lengthPrefixed(listContent);

function isStruct(value: unknown): boolean {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function readNumber(wire: WireReader, at: number): number {
  const number = wire.double();
  if (!Number.isFinite(number)) wire.report.fail(at, 'a finite number', number);
  return number;
}

function readEntry(
  wire: WireReader,
  out: Record<string, unknown>,
  at: number,
  depth: number,
): void {
  const { end, group } = wire;
  wire.enterLength();
  let key = '';
  let value: unknown;
  let isAbsent = true;
  wire.enterField(at, key);
  for (let tag = wire.next(at + 1); tag !== 0; tag = wire.next(at + 1)) {
    if (tag === ENTRY_KEY) {
      key = wire.string();
      wire.enterField(at, key);
    } else if (tag === ENTRY_VALUE) {
      value = json.read(wire, value, at + 1, depth);
      isAbsent = false;
    } else wire.skip(tag, depth);
  }
  if (isAbsent) value = json.absent(wire, at + 1, depth);
  wire.leave(end, group);
  if (reachesPrototype(key, value)) wire.report.fail(at + 1, HARMLESS_KEY, key);
  setOwn(out, key, value);
}
