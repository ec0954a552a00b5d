import { endOfString, skipSpace } from './string-literal.js';

const COLON = 58;
const QUOTE = 34;
const SPACE = 32;
/** Down to so many bytes, and up to so many a member, counting in bytes is faster than in text. */
const LONG = 4_096;
const SPARSE = 48;
/** Up to so many colons a member, looking at each is faster than looking at the strings. */
const FEW = 4;

/**
 * Whether a valid JSON text has `members` members in all of its objects together. Told how many keys
 * were parsed, it says whether one of them stands twice, at a few per cent of what parsing costs:
 * each member has a colon outside strings, and nothing else has, so where there are no more colons
 * than keys nothing further has to be read.
 *
 * @param bytes the text in UTF-8, if it is at hand: faster to count in
 */
export function hasMembers(text: string, members: number, bytes?: Uint8Array): boolean {
  const inBytes = bytes !== undefined && bytes.length > LONG && members * SPARSE > bytes.length;
  const colons = inBytes ? countColons(bytes) : countKeyColons(text, members);
  return colons === members || countMembers(text) === members;
}

/**
 * The number of colons behind a quote or white space, as all are that follow a key, but few of those
 * in strings; no number where there are too many colons to look at.
 */
function countKeyColons(text: string, members: number): number {
  let left = members * FEW;
  let colons = 0;
  for (let index = text.indexOf(':'); index >= 0; index = text.indexOf(':', index + 1)) {
    if (--left < 0 || colons > members) return NaN;
    const before = text.charCodeAt(index - 1);
    if (before === QUOTE || before <= SPACE) colons++;
  }
  return colons;
}

/**
 * Four bytes at a time: each byte of `sums` counts the colons of its own lane. A semicolon behind a
 * colon may be counted as well, never too few: then the text is read, as where strings hold colons.
 */
function countColons(bytes: Uint8Array): number {
  const { length } = bytes;
  let colons = 0;
  let index = 0;
  for (; index < length && (bytes.byteOffset + index) % 4 !== 0; index++) {
    if (bytes[index] === COLON) colons++;
  }
  const words = new Uint32Array(bytes.buffer, bytes.byteOffset + index, (length - index) >>> 2);
  for (let word = 0; word < words.length;) {
    // After 255 words a lane might overflow.
    const end = Math.min(word + 255, words.length);
    let sums = 0;
    for (; word < end; word++) {
      const zeroWhereColon = (words[word] as number) ^ 0x3a3a3a3a;
      sums = (sums + (((zeroWhereColon - 0x01010101) & ~zeroWhereColon & 0x80808080) >>> 7)) | 0;
    }
    colons += (sums & 255) + ((sums >>> 8) & 255) + ((sums >>> 16) & 255) + (sums >>> 24);
  }
  for (index += words.length * 4; index < length; index++) {
    if (bytes[index] === COLON) colons++;
  }
  return colons;
}

/** Strings that a colon follows: the keys. */
function countMembers(text: string): number {
  let members = 0;
  for (let open = text.indexOf('"'); open >= 0;) {
    const end = endOfString(text, open);
    if (text.charCodeAt(skipSpace(text, end)) === COLON) members++;
    open = text.indexOf('"', end);
  }
  return members;
}
