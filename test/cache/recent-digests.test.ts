import crypto, { createHash } from 'node:crypto';
import { syncBuiltinESMExports } from 'node:module';
import fc from 'fast-check';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { RecentDigests } from '../../src/cache/recent-digests.js';

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('base64url');
}

/** At the start of a memory of its own, as what is hashed lies. */
function bytesOf(text: string): Buffer {
  const bytes = Buffer.allocUnsafeSlow(Buffer.byteLength(text));
  bytes.write(text);
  return bytes;
}

describe('RecentDigests', () => {
  it('gives the SHA-256 of any bytes, also of those it has seen', () => {
    const recent = new RecentDigests();
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 40 }), (text) => {
        const bytes = bytesOf(text);
        expect([recent.of(bytes), recent.of(bytes)]).toEqual([sha256(bytes), sha256(bytes)]);
      }),
    );
  });

  it('hashes once what comes again', () => {
    const hash = vi.spyOn(crypto, 'hash');
    syncBuiltinESMExports();
    onTestFinished(() => {
      hash.mockRestore();
      syncBuiltinESMExports();
    });
    const recent = new RecentDigests();
    for (let time = 0; time < 3; time++) recent.of(bytesOf('a text'));
    recent.of(bytesOf('another'));
    expect(hash).toHaveBeenCalledTimes(2);
  });

  it('tells texts apart that meet in one place, in whatever order they come', () => {
    const recent = new RecentDigests();
    const texts = Array.from({ length: 5_000 }, (_, i) =>
      bytesOf(`${i % 7}${'x'.repeat(i % 9)}${i}`),
    );
    for (const bytes of [...texts, ...texts.toReversed(), ...texts]) {
      expect(recent.of(bytes)).toBe(sha256(bytes));
    }
  });

  it('tells texts apart by each of their bytes, at every length', () => {
    const recent = new RecentDigests();
    for (const length of [1, 2, 3, 4, 5, 7, 8, 9, 31, 4_095, 4_096, 4_097]) {
      const bytes = bytesOf('a'.repeat(length));
      const digests = new Set([recent.of(bytes)]);
      for (const place of [0, length >> 1, length - 1]) {
        const other = bytesOf('a'.repeat(length));
        other[place] = 98;
        digests.add(recent.of(other));
      }
      expect(digests.size).toBe(new Set([0, length >> 1, length - 1]).size + 1);
    }
  });

  it('keeps a copy: its bytes may be written over', () => {
    const recent = new RecentDigests();
    const bytes = bytesOf('aaaa');
    const first = recent.of(bytes);
    bytes.write('bbbb');
    expect(recent.of(bytes)).toBe(sha256(bytesOf('bbbb')));
    bytes.write('aaaa');
    expect(recent.of(bytes)).toBe(first);
  });
});
