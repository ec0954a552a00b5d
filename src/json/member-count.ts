import { endOfString, skipSpace } from './string-literal.js';

const COLON = 58;
/** Up to so many characters a colon, looking for the next one natively is faster than reading all. */
const SPARSE = 48;

/**
 * Whether a valid JSON text has `members` members in all of its objects together. Told how many keys
 * were parsed, it says whether one of them stands twice, at a few per cent of what parsing costs:
 * each member has a colon outside strings, and nothing else has, so where there are no more colons
 * than keys nothing further has to be read.
 *
 * @param bytes the text in UTF-8, if it is at hand: faster to count in
 */
export function hasMembers(text: string, members: number, bytes?: Uint8Array): boolean {
  const colons =
    bytes !== undefined && members * SPARSE > bytes.length
      ? countColons(bytes)
      : findColons(text, members + 1);
  return colons === members || countMembers(text) === members;
}

/** The number of colons, or `enough` where there are at least so many. */
function findColons(text: string, enough: number): number {
  let colons = 0;
  let index = text.indexOf(':');
  while (index >= 0 && ++colons < enough) index = text.indexOf(':', index + 1);
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
