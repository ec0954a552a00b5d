import { types } from 'node:util';
import { bytesOf, jsonForm, viewedBytes } from '../json/index.js';
import type { Reader } from './report.js';

/** Below this length a loop over the characters is faster than decoding and encoding again. */
const SHORT = 64;

/** Whether `text` is standard base64 as an encoder would write it. */
export function isCanonicalBase64(text: string): boolean {
  const { length } = text;
  if (length % 4 !== 0) return false;
  if (length > SHORT) return Buffer.from(text, 'base64').toString('base64') === text;
  if (length === 0) return true;
  const padding = text.endsWith('==') ? 2 : text.endsWith('=') ? 1 : 0;
  const end = length - padding;
  let last = 0;
  for (let i = 0; i < end; i++) {
    last = sextet(text.charCodeAt(i));
    if (last < 0) return false;
  }
  // The bits of the last character that no byte uses must be zero.
  return padding === 0 || (last & (padding === 2 ? 15 : 3)) === 0;
}

function sextet(code: number): number {
  if (code >= 97 && code <= 122) return code - 71;
  if (code >= 65 && code <= 90) return code - 65;
  if (code >= 48 && code <= 57) return code + 4;
  return code === 43 ? 62 : code === 47 ? 63 : -1;
}

/** Shared by all that is empty: to make one takes long, and nothing can be written into it. */
export const NO_BYTES = Buffer.alloc(0);

/** Up to this length a loop is faster than calling the native decoder. */
const LOOPED = 32;

/** What each ASCII character stands for in either alphabet, or -1. */
const SEXTETS = new Int8Array(128).fill(-1);
const LETTERS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ';
for (const last of ['+/', '-_']) {
  const alphabet = `${LETTERS}${LETTERS.toLowerCase()}0123456789${last}`;
  for (let i = 0; i < alphabet.length; i++) SEXTETS[alphabet.charCodeAt(i)] = i;
}

/**
 * The bytes of base64: standard or URL-safe, padded or not, as the reference takes it, which ignores
 * what follows the first `=`. Undefined for what is none.
 */
export function decodeBase64(text: string): Buffer | undefined {
  if (text === '') return NO_BYTES;
  const padding = text.indexOf('=');
  const length = padding < 0 ? text.length : padding;
  const rest = length % 4;
  if (rest === 1 || (rest === 0 && padding >= 0)) return undefined;
  return length <= LOOPED ? decodeShort(text, length) : decodeLong(text.slice(0, length));
}

function decodeShort(text: string, length: number): Buffer | undefined {
  const bytes = Buffer.allocUnsafe((length * 3) >> 2);
  let bits = 0;
  let at = 0;
  for (let i = 0; i < length; i++) {
    const code = text.charCodeAt(i);
    const sextet = code < 128 ? SEXTETS[code]! : -1;
    if (sextet < 0) return undefined;
    bits = (bits << 6) | sextet;
    // Four characters are three bytes: each but the first completes one.
    const place = i & 3;
    if (place !== 0) bytes[at++] = bits >> (6 - 2 * place);
  }
  return bytes;
}

function decodeLong(digits: string): Buffer | undefined {
  // The decoder skips what it does not know, and takes a character beyond Latin-1 for its low byte.
  if (Buffer.byteLength(digits) !== digits.length) return undefined;
  const bytes = Buffer.from(digits, isLongAndUrlSafe(digits) ? 'base64url' : 'base64');
  return bytes.length === Math.floor((digits.length * 3) / 4) ? bytes : undefined;
}

/** Both decoders take both alphabets; each is several times faster at its own. */
function isLongAndUrlSafe(digits: string): boolean {
  return digits.length > SHORT && (digits.includes('-') || digits.includes('_'));
}

/** Bytes that are there already as a Buffer, without a copy. */
export function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes) ? bytes : viewedBytes(bytes);
}

/** A handler gets bytes as a Buffer; in an answer they are base64. */
export const bytesReader: Reader = (value, report, at) => {
  let bytes: Buffer | undefined;
  if (typeof value === 'string') {
    if (report.answer && isCanonicalBase64(value)) return value;
    bytes = decodeBase64(value);
  } else if (types.isUint8Array(value)) {
    bytes = asBuffer(value);
  }
  if (bytes === undefined) return report.fail(at, 'base64', value);
  return report.answer ? bytes.toString('base64') : bytes;
};

/** Of a handler's values also what a view of another type than bytes looks at. */
export function bytesForm(value: unknown): unknown {
  return ArrayBuffer.isView(value) ? viewedBytes(value) : (bytesOf(value) ?? jsonForm(value));
}
