import { hash } from 'node:crypto';

/** So many bits tell one place from another: 1,024 texts are remembered. */
const SLOT_BITS = 10;
/** Bytes of the longest text that is remembered: all together stay at some MiB. */
const LONGEST = 4096;

interface Recent {
  readonly bytes: Uint8Array;
  readonly digest: string;
}

/**
 * SHA-256 of texts, many of which come again: what was hashed lately is compared instead, byte by
 * byte, which takes a fraction of the time. Where a text is looked for follows from all of it, but is
 * no proof of anything: two that meet in one place only take it from each other.
 */
export class RecentDigests {
  readonly #slots: (Recent | undefined)[] = Array.from({ length: 2 ** SLOT_BITS });

  /** 43 characters of base64url. `bytes` begin at a multiple of 4, and are copied where they are kept. */
  of(bytes: Buffer): string {
    if (bytes.length > LONGEST) return hash('sha256', bytes, 'base64url');
    const slot = slotOf(bytes);
    const recent = this.#slots[slot];
    if (recent !== undefined && bytes.equals(recent.bytes)) return recent.digest;
    const digest = hash('sha256', bytes, 'base64url');
    this.#slots[slot] = { bytes: Buffer.from(bytes), digest };
    return digest;
  }
}

/** Two sums at a time: each step of one has to wait for the step before. */
function slotOf(bytes: Buffer): number {
  const words = new Uint32Array(bytes.buffer, bytes.byteOffset, bytes.length >>> 2);
  let even = bytes.length;
  let odd = 0;
  let index = 0;
  for (; index + 1 < words.length; index += 2) {
    even = Math.imul(even ^ words[index]!, 0x9e3779b1);
    odd = Math.imul(odd ^ words[index + 1]!, 0x85ebca6b);
  }
  for (index *= 4; index < bytes.length; index++) {
    even = Math.imul(even ^ bytes[index]!, 0x9e3779b1);
  }
  // The higher bits are those that depend on the most.
  return Math.imul(even ^ odd ^ (odd >>> 16), 0xc2b2ae35) >>> (32 - SLOT_BITS);
}
