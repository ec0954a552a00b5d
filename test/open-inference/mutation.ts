/** A generator of whole numbers below a bound, the same for the same seed (mulberry32). */
export function randomOf(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((((mixed ^ (mixed >>> 14)) >>> 0) * below) / 2 ** 32) | 0;
  };
}

/** What a parser stumbles over: ends of ranges, lengths, characters of JSON. */
const BYTES = [0, 1, 0x7f, 0x80, 0xff, ...Buffer.from('[]{}",:-.eE0129\\')];
const TEXTS = ['-1', '1e999', '18446744073709551616', '9007199254740993', 'null', '[[', '{}', '""'];

/** A copy of bytes that has been changed in one to four places. */
export function mutated(bytes: Buffer, random: (below: number) => number): Buffer {
  let changed = Buffer.from(bytes);
  for (let left = 1 + random(4); left > 0; left--) {
    const at = random(changed.length + 1);
    const end = Math.min(changed.length, at + random(9));
    const before = changed.subarray(0, at);
    switch (random(6)) {
      case 0:
        changed = before;
        break;
      case 1:
        changed = Buffer.concat([before, changed.subarray(end)]);
        break;
      case 2:
        changed = Buffer.concat([before, changed.subarray(at, end), changed.subarray(at)]);
        break;
      case 3:
        changed = Buffer.concat([
          before,
          Buffer.from(TEXTS[random(TEXTS.length)]!),
          changed.subarray(end),
        ]);
        break;
      default:
        if (at < changed.length) changed[at] = BYTES[random(BYTES.length)]!;
    }
  }
  return changed;
}
