/**
 * A value as ProtoJSON writes it: bytes as base64, a `bigint` as its digits, typed arrays, Sets and Maps as
 * arrays and objects, and the numbers that JSON does not have by their names.
 */
export function jsonText(value: unknown): string {
  // What has a toJSON is asked before a replacer is: a Buffer's would no longer be bytes.
  return JSON.stringify(value, function (this: Record<string, unknown>, key, changed: unknown) {
    const original = this[key];
    return plain(ArrayBuffer.isView(original) ? original : changed);
  });
}

function listOf(view: ArrayBufferView): unknown {
  const isList = !(view instanceof Uint8Array || view instanceof DataView);
  return isList
    ? Array.from(view as Float32Array)
    : base64(new Uint8Array(view.buffer, view.byteOffset, view.byteLength));
}

function plain(value: unknown): unknown {
  if (typeof value === 'bigint') return String(value);
  if (typeof value === 'number') return Number.isFinite(value) ? value : String(value);
  if (ArrayBuffer.isView(value)) return listOf(value);
  if (value instanceof ArrayBuffer) return base64(new Uint8Array(value));
  if (value instanceof Set) return [...value];
  if (value instanceof Map) return Object.fromEntries(value);
  return value;
}

/** Arguments of one call; engines take some ten thousands. */
const PIECE = 0x8000;

function base64(bytes: Uint8Array): string {
  let binary = '';
  for (let start = 0; start < bytes.length; start += PIECE) {
    binary += String.fromCharCode(...bytes.subarray(start, start + PIECE));
  }
  return btoa(binary);
}
