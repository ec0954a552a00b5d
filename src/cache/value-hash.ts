/// <reference lib="es2024.string" />
import { createHash, type Hash } from 'node:crypto';
import { isUint8Array } from 'node:util/types';
import { RecentDigests } from './recent-digests.js';

/** What each value starts with. */
const Tag = {
  undefined: 0,
  null: 1,
  false: 2,
  true: 3,
  number: 4,
  nan: 5,
  bigint: 6,
  string: 7,
  brokenString: 8,
  array: 9,
  hole: 10,
  object: 11,
} as const;

/** What has been written and not been hashed yet: of one hash, as none is left half done. */
const pending = Buffer.allocUnsafeSlow(64 * 1024);
const view = new DataView(pending.buffer);

const recent = new RecentDigests();

/** Bytes for a tag and a length or a number. */
const HEAD = 9;
/** Bytes for a tag and a length. */
const STRING_HEAD = 5;
/** Strings shorter than this are written faster by a loop than by a call of Buffer's. */
const SHORT = 32;
/** Up to so many keys are put in order faster by hand than by a call of `sort`. */
const FEW_KEYS = 16;
/** Strings longer than this may not fit into `pending`: a character takes up to three bytes. */
const LONG = Math.floor((pending.length - HEAD) / 3);

/**
 * A SHA-256 over values, made in one pass without a text of the whole. Two sequences of values have
 * one digest only if they are equal: each value starts with the tag of its kind and gives its length
 * before its content. The order of an object's keys does not matter, and bytes are their base64.
 */
export class ValueHash {
  /** Made when the values do not fit into `pending`; most do. */
  #hash: Hash | undefined;
  #end = 0;

  /** 43 characters of base64url. */
  digest(): string {
    const rest = pending.subarray(0, this.#end);
    return this.#hash?.update(rest).digest('base64url') ?? recent.of(rest);
  }

  /** @throws TypeError for what is not JSON data and would lose its content here, as a Date or a Map */
  add(value: unknown): void {
    switch (typeof value) {
      case 'string':
        return this.#string(value);
      case 'number':
        return this.#number(value);
      case 'boolean':
        return this.#tag(value ? Tag.true : Tag.false);
      case 'object':
        if (value === null) return this.#tag(Tag.null);
        if (Array.isArray(value)) return this.#array(value);
        if (isUint8Array(value)) return this.#string(base64Of(value));
        return this.#object(value as Record<string, unknown>);
      case 'undefined':
        return this.#tag(Tag.undefined);
      case 'bigint':
        this.#tag(Tag.bigint);
        return this.#string(String(value));
      default:
        throw new TypeError(`A ${typeof value} cannot be part of a cache key.`);
    }
  }

  #array(array: readonly unknown[]): void {
    this.#length(Tag.array, array.length);
    for (let index = 0; index < array.length; index++) {
      const item = array[index];
      if (item === undefined && !(index in array)) this.#tag(Tag.hole);
      else this.add(item);
    }
  }

  #object(object: Record<string, unknown>): void {
    assertPlain(object);
    const keys = sorted(Object.keys(object));
    this.#length(Tag.object, keys.length);
    for (let index = 0; index < keys.length; index++) {
      const key = keys[index]!;
      this.#string(key);
      this.add(object[key]);
    }
  }

  #number(value: number): void {
    if (value !== value) return this.#tag(Tag.nan); // whose bits may differ
    this.#tag(Tag.number);
    view.setFloat64(this.#end, value);
    this.#end += 8;
  }

  #string(text: string): void {
    if (text.length < SHORT && this.#ascii(text)) return;
    if (!text.isWellFormed()) {
      // UTF-8 would make one text of all unpaired surrogates.
      this.#length(Tag.brokenString, text.length);
      this.#flush().update(text, 'utf16le');
    } else if (text.length > LONG) {
      this.#length(Tag.string, text.length);
      this.#flush().update(text);
    } else {
      this.#reserve(HEAD + 3 * text.length);
      this.#length(Tag.string, text.length);
      this.#end += pending.write(text, this.#end);
    }
  }

  /** Writes a short string, unless a character of it is not ASCII. */
  #ascii(text: string): boolean {
    this.#reserve(HEAD + SHORT);
    let end = this.#end + STRING_HEAD;
    for (let index = 0; index < text.length; index++) {
      const code = text.charCodeAt(index);
      if (code > 0x7f) return false;
      pending[end++] = code;
    }
    this.#length(Tag.string, text.length);
    this.#end = end;
    return true;
  }

  #length(tag: number, length: number): void {
    this.#tag(tag);
    view.setUint32(this.#end, length);
    this.#end += 4;
  }

  /** Makes room for what has a fixed size, too. */
  #tag(tag: number): void {
    this.#reserve(HEAD);
    pending[this.#end++] = tag;
  }

  #reserve(bytes: number): void {
    if (this.#end + bytes > pending.length) this.#flush();
  }

  #flush(): Hash {
    this.#hash ??= createHash('sha256');
    this.#hash.update(pending.subarray(0, this.#end));
    this.#end = 0;
    return this.#hash;
  }
}

/** The order is that of UTF-16 code units, as `sort` has it. */
function sorted(keys: string[]): string[] {
  if (keys.length > FEW_KEYS) return keys.sort();
  for (let index = 1; index < keys.length; index++) {
    const key = keys[index]!;
    let place = index;
    for (; place > 0 && keys[place - 1]! > key; place--) keys[place] = keys[place - 1]!;
    keys[place] = key;
  }
  return keys;
}

function base64Of({ buffer, byteOffset, byteLength }: Uint8Array): string {
  return Buffer.from(buffer, byteOffset, byteLength).toString('base64');
}

/** By shape, not by identity: data may come from another realm (a test runner's sandbox, a vm). */
function assertPlain(object: object): void {
  const prototype: unknown = Object.getPrototypeOf(object);
  if (prototype === null || prototype === Object.prototype) return;
  if (Object.getPrototypeOf(prototype) === null) return;
  const name = (prototype as object).constructor?.name ?? 'class instance';
  throw new TypeError(`A ${name} cannot be part of a cache key: expected JSON data.`);
}
