/** Characters that are written at once, at most. */
const LARGE = 64 * 1024;

/**
 * What a stream has still to write. A large text is held as pieces of bytes: what has been sent of it is let
 * go, Node writes bytes without a copy of its own, and they are never more than the text is on the wire.
 */
export class Backlog {
  #pieces: Buffer[] = [];
  #text = '';

  /** About how much there is, in characters. */
  get size(): number {
    return this.#text.length + this.#pieces.length * LARGE;
  }

  add(text: string): void {
    this.#text += text;
    if (this.#text.length <= LARGE) return;
    for (let start = 0; start < this.#text.length;) {
      const end = endOfPiece(this.#text, start);
      this.#pieces.push(Buffer.from(this.#text.slice(start, end)));
      start = end;
    }
    this.#text = '';
  }

  /** Takes out what is to be written next; there is something as long as `size` is not 0. */
  take(): Buffer | string {
    const piece = this.#pieces.shift();
    if (piece !== undefined) return piece;
    const text = this.#text;
    this.#text = '';
    return text;
  }
}

/** Where a text may be cut: not within a character. */
function endOfPiece(text: string, start: number): number {
  const end = start + LARGE;
  const isCut = text.charCodeAt(end) >> 10 === LOW_SURROGATE;
  return isCut ? end - 1 : end;
}

/** The upper six bits of the second half of a character beyond 16 bits. */
const LOW_SURROGATE = 0xdc00 >> 10;
