import { hash } from 'node:crypto';

/** A cached answer. */
export interface Entry {
  /** The answer as it is sent: canonical and already serialised. */
  readonly text: string;
  /** When the answer was made, in milliseconds since the epoch. */
  readonly storedAt: number;
}

const ENTRY = /^(\d{1,15}):/;
const SEAL = /^([\w-]{16}):/;

/**
 * The stored form is one string, `<storedAt>:<text>`: strings cannot be changed by whoever holds
 * them.
 */
export function encodeEntry({ text, storedAt }: Entry): string {
  return `${storedAt}:${text}`;
}

/** The entry in a value that {@link encodeEntry} made, or `undefined` for another kind of value. */
export function decodeEntry(stored: unknown): Entry | undefined {
  if (typeof stored !== 'string') return undefined;
  const head = ENTRY.exec(stored);
  if (head === null) return undefined;
  return { text: stored.slice(head[0].length), storedAt: Number(head[1]) };
}

/**
 * The form for stores outside the process, `<seal>:<stored>`. The seal is a digest of key and
 * content: it tells what was cut, changed, put under another key, or written by another program.
 */
export function sealEntry(key: string, stored: string): string {
  return `${sealOf(key, stored)}:${stored}`;
}

/** The entry in a value that {@link sealEntry} made for this key, or `undefined`. */
export function unsealEntry(key: string, sealed: unknown): Entry | undefined {
  if (typeof sealed !== 'string') return undefined;
  const seal = SEAL.exec(sealed);
  if (seal === null) return undefined;
  const stored = sealed.slice(seal[0].length);
  return seal[1] === sealOf(key, stored) ? decodeEntry(stored) : undefined;
}

function sealOf(key: string, stored: string): string {
  return hash('sha256', `${key}:${stored}`, 'base64url').slice(0, 16);
}
