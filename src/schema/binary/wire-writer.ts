/** Memory of this size is used again: making it costs more than writing most messages. */
const SPARE = 4096;

let spare: Memory | undefined;

interface Memory {
  readonly bytes: Buffer;
  readonly view: DataView;
}

function memoryOf(size: number): Memory {
  const bytes = Buffer.allocUnsafeSlow(size);
  return { bytes, view: new DataView(bytes.buffer) };
}

/** Up to so many characters, writing them one by one is faster than a call into the encoder. */
const SHORT = 24;

/** Writes protobuf's wire format into memory that grows as it is needed. */
export class WireWriter {
  #bytes: Buffer;
  #view: DataView;
  #pos = 0;

  constructor() {
    ({ bytes: this.#bytes, view: this.#view } = spare ?? memoryOf(SPARE));
    // Not for who writes while this one does: what an Any holds.
    spare = undefined;
  }

  /** What has been written; nothing can be written afterwards. */
  finish(): Buffer {
    const written = this.#bytes.subarray(0, this.#pos);
    if (this.#bytes.length > SPARE) return written;
    spare = { bytes: this.#bytes, view: this.#view };
    return Buffer.from(written);
  }

  varint32(value: number): void {
    this.#reserve(5);
    this.#varint32(value >>> 0);
  }

  /** The halves of a 64-bit integer. */
  varint64(low: number, high: number): void {
    this.#reserve(10);
    let rest = low >>> 0;
    let above = high >>> 0;
    while (above !== 0 || rest > 0x7f) {
      this.#bytes[this.#pos++] = (rest & 0x7f) | 0x80;
      rest = ((rest >>> 7) | (above << 25)) >>> 0;
      above >>>= 7;
    }
    this.#bytes[this.#pos++] = rest;
  }

  fixed32(value: number): void {
    this.#reserve(4);
    this.#view.setInt32(this.#pos, value, true);
    this.#pos += 4;
  }

  fixed64(low: number, high: number): void {
    this.#reserve(8);
    this.#view.setInt32(this.#pos, low, true);
    this.#view.setInt32(this.#pos + 4, high, true);
    this.#pos += 8;
  }

  float(value: number): void {
    this.#reserve(4);
    this.#view.setFloat32(this.#pos, value, true);
    this.#pos += 4;
  }

  double(value: number): void {
    this.#reserve(8);
    this.#view.setFloat64(this.#pos, value, true);
    this.#pos += 8;
  }

  string(text: string): void {
    if (text.length <= SHORT && this.#shortAscii(text)) return;
    const length = Buffer.byteLength(text);
    this.#reserve(5 + length);
    this.#varint32(length);
    this.#pos += this.#bytes.write(text, this.#pos, length, 'utf8');
  }

  bytes(bytes: Uint8Array): void {
    this.#reserve(5 + bytes.length);
    this.#varint32(bytes.length);
    this.#bytes.set(bytes, this.#pos);
    this.#pos += bytes.length;
  }

  /** Begins a message whose length will stand before it; what is given back ends it. */
  begin(): number {
    this.#reserve(1);
    return ++this.#pos;
  }

  end(start: number): void {
    const length = this.#pos - start;
    // Most lengths need the one byte that was left for them; for others the message makes room.
    const more = lengthOfVarint(length) - 1;
    if (more > 0) {
      this.#reserve(more);
      this.#bytes.copyWithin(start + more, start, this.#pos);
    }
    this.#pos = start - 1;
    this.#varint32(length);
    this.#pos += length;
  }

  #shortAscii(text: string): boolean {
    this.#reserve(1 + SHORT);
    const start = this.#pos + 1;
    for (let i = 0; i < text.length; i++) {
      const code = text.charCodeAt(i);
      if (code > 0x7f) return false;
      this.#bytes[start + i] = code;
    }
    this.#bytes[this.#pos] = text.length;
    this.#pos = start + text.length;
    return true;
  }

  #varint32(value: number): void {
    let rest = value;
    while (rest > 0x7f) {
      this.#bytes[this.#pos++] = (rest & 0x7f) | 0x80;
      rest >>>= 7;
    }
    this.#bytes[this.#pos++] = rest;
  }

  #reserve(size: number): void {
    if (this.#pos + size <= this.#bytes.length) return;
    const { bytes, view } = memoryOf(Math.max(2 * this.#bytes.length, this.#pos + size));
    this.#bytes.copy(bytes, 0, 0, this.#pos);
    this.#bytes = bytes;
    this.#view = view;
  }
}

function lengthOfVarint(value: number): number {
  return value < 0x80 ? 1 : value < 0x4000 ? 2 : value < 0x200000 ? 3 : value < 0x10000000 ? 4 : 5;
}
