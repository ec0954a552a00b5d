import { types } from 'node:util';

/**
 * The bytes of what answers send as base64: a Uint8Array, an ArrayBuffer, shared or not, a DataView.
 * By brand rather than by class, as everywhere in this folder: a test runner's sandbox has classes
 * of its own.
 */
export function bytesOf(value: unknown): Buffer | undefined {
  if (types.isUint8Array(value) || types.isDataView(value)) return viewedBytes(value);
  return types.isAnyArrayBuffer(value) ? Buffer.from(value) : undefined;
}

/** What a view of any element type looks at, without a copy. */
export function viewedBytes(view: ArrayBufferView): Buffer {
  return Buffer.from(view.buffer, view.byteOffset, view.byteLength);
}
