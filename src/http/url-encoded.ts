import { isUtf8 } from 'node:buffer';
import { InvalidRequest } from '../errors/index.js';
import type { Part } from '../schema/index.js';
import { MAX_PARTS, tooManyParts } from './multipart.js';

const AMPERSAND = 0x26;
const EQUALS = 0x3d;
const PERCENT = 0x25;
const PLUS = 0x2b;
const SPACE = 0x20;

/**
 * The parts of a form of the type `application/x-www-form-urlencoded`, as the WHATWG's URL standard reads
 * them, but for its names, which must be UTF-8.
 *
 * @throws {InvalidRequest} {ServingError} `PayloadTooLarge` for more parts than a form may have
 */
export function readUrlEncoded(body: Buffer): readonly Part[] {
  const parts: Part[] = [];
  for (let start = 0; start < body.length;) {
    const found = body.indexOf(AMPERSAND, start);
    const end = found === -1 ? body.length : found;
    if (end > start) {
      if (parts.length === MAX_PARTS) throw tooManyParts();
      parts.push(partOf(body.subarray(start, end)));
    }
    start = end + 1;
  }
  return parts;
}

function partOf(pair: Buffer): Part {
  const equals = pair.indexOf(EQUALS);
  const end = equals === -1 ? pair.length : equals;
  const name = decoded(pair.subarray(0, end));
  if (!isUtf8(name)) throw new InvalidRequest('A name of the form is not valid UTF-8');
  return { name: name.toString(), content: decoded(pair.subarray(end + 1)) };
}

/** A percent sign that begins no code stands for itself. */
function decoded(encoded: Buffer): Buffer {
  if (!encoded.includes(PERCENT) && !encoded.includes(PLUS)) return encoded;
  const bytes = Buffer.allocUnsafe(encoded.length);
  let length = 0;
  for (let i = 0; i < encoded.length; i++) {
    let byte = encoded[i]!;
    if (byte === PLUS) byte = SPACE;
    else if (byte === PERCENT) {
      const code = (digitOf(encoded[i + 1]) << 4) | digitOf(encoded[i + 2]);
      if (code >= 0) {
        byte = code;
        i += 2;
      }
    }
    bytes[length++] = byte;
  }
  return bytes.subarray(0, length);
}

/** What a hexadecimal digit says; negative for any other character. */
function digitOf(character = 0): number {
  if (character >= 0x30 && character <= 0x39) return character - 0x30;
  const lower = character | 0x20;
  return lower >= 0x61 && lower <= 0x66 ? lower - 0x57 : -1;
}
