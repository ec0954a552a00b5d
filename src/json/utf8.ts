import { isAscii, isUtf8, transcode } from 'node:buffer';

/** Before 24, Node's way to a string takes text beyond ASCII byte by byte. */
const IS_SLOW = Number.parseInt(process.versions.node) < 24;
/** Bytes below which the way round costs more than it saves. */
const SHORT = 1_024;

/** The text that bytes are in UTF-8; undefined for other bytes. */
export function decodeUtf8(bytes: Buffer): string | undefined {
  if (!isUtf8(bytes)) return undefined;
  if (!IS_SLOW || bytes.length < SHORT || isAscii(bytes)) return bytes.toString();
  return transcode(bytes, 'utf8', 'utf16le').toString('utf16le');
}
