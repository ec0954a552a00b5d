import type { Reader } from './report.js';

const ALPHABET = /^[A-Za-z0-9+/]*$/;
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

/**
 * Standard or URL-safe base64, padded or not, to standard base64. Like the reference it ignores
 * what follows the first `=`.
 */
export const base64Reader: Reader = (value, report, at) => {
  const expected = 'base64';
  if (typeof value !== 'string') {
    const bytes = report.answer ? toBytes(value) : undefined;
    return bytes === undefined ? report.fail(at, expected, value) : bytes.toString('base64');
  }
  if (isCanonicalBase64(value)) return value;
  const standard = value.replaceAll('-', '+').replaceAll('_', '/');
  const padding = standard.indexOf('=');
  const body = padding < 0 ? standard : standard.slice(0, padding);
  const rest = body.length % 4;
  if (rest === 1 || (rest === 0 && padding >= 0) || !ALPHABET.test(body)) {
    return report.fail(at, expected, value);
  }
  return Buffer.from(body, 'base64').toString('base64');
};

function toBytes(value: unknown): Buffer | undefined {
  if (ArrayBuffer.isView(value)) {
    return Buffer.from(value.buffer, value.byteOffset, value.byteLength);
  }
  return value instanceof ArrayBuffer ? Buffer.from(value) : undefined;
}
