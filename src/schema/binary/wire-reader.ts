import { isUtf8 } from 'node:buffer';
import { NO_BYTES } from '../base64.js';
import { MAX_DEPTH, ReportFull, type Report } from '../report.js';
import { END_GROUP, FIXED32, FIXED64, LENGTH_PREFIXED, START_GROUP, VARINT } from './wire-type.js';

const MAX_VARINT = 10;
const REPLACEMENT = '\ufffd';

/** An Any that may come a second time, whose content is read when the whole message has been. */
export interface UnreadAny {
  url: string;
  /** Where its value is. */
  start: number;
  end: number;
  /** Reads the value into the Any. */
  settle(): void;
}

/**
 * Reads protobuf's wire format from where it stands on. What is malformed ends the reading, with a
 * violation at the field that was last entered: what stands behind it cannot be known.
 */
export class WireReader {
  pos = 0;
  /** Where the message in hand ends, or the one around its group. */
  end: number;
  /** The number of the group in hand; 0 for a message with a length. */
  group = 0;
  /** The halves of the 64-bit integer that was last read. */
  low = 0;
  high = 0;
  /** Those that were met, by what each will be. */
  anys: Map<object, UnreadAny> | undefined;
  /** Whether the message in hand is inside an Any. */
  isInAny = false;
  /** How much of the report's path leads to the field in hand. */
  #at = 0;
  readonly #view: DataView;

  constructor(
    readonly bytes: Buffer,
    readonly report: Report,
  ) {
    this.end = bytes.length;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  /** The next tag of the message in hand; 0 at its end, which is read over. */
  next(at: number): number {
    this.#at = at;
    if (this.pos >= this.end) {
      if (this.group !== 0) this.#cut(`the end of group ${this.group}`);
      return 0;
    }
    const tag = this.#tag();
    if ((tag & 7) !== END_GROUP) return tag;
    if (tag >>> 3 !== this.group) {
      this.malformed(`expected a field, got the end of group ${tag >>> 3}, which was not begun`);
    }
    return 0;
  }

  /** Names the field, element or key in hand, for violations in it. */
  enterField(at: number, segment: string | number): void {
    this.report.path[at] = segment;
    this.#at = at + 1;
  }

  /** Makes the following bytes, whose length stands before them, the message in hand. */
  enterLength(): void {
    const end = this.#lengthPrefixedEnd();
    this.end = end;
    this.group = 0;
  }

  /** Makes a message without any bytes the one in hand. */
  enterNothing(): void {
    this.end = this.pos;
    this.group = 0;
  }

  /** Makes bytes that were gone over the message in hand. */
  enterRange(start: number, end: number): void {
    this.pos = start;
    this.end = end;
    this.group = 0;
  }

  /** Goes back to the message around the one that has been read. */
  leave(end: number, group: number): void {
    this.end = end;
    this.group = group;
  }

  bytesField(): Buffer {
    const end = this.#lengthPrefixedEnd();
    if (end === this.pos) return NO_BYTES;
    const bytes = this.bytes.subarray(this.pos, end);
    this.pos = end;
    return bytes;
  }

  string(): string {
    const end = this.#lengthPrefixedEnd();
    const text = this.bytes.toString('utf8', this.pos, end);
    // It stands for what is no UTF-8 as well as for itself.
    if (text.includes(REPLACEMENT) && !isUtf8(this.bytes.subarray(this.pos, end))) {
      this.malformed('expected a string of valid UTF-8, got other bytes');
    }
    this.pos = end;
    return text;
  }

  bool(): boolean {
    this.varint64();
    return (this.low | this.high) !== 0;
  }

  /** The lower half of a varint: what a 32-bit integer or an enum is. */
  varint32(): number {
    if (this.pos < this.end) {
      const byte = this.bytes[this.pos] as number;
      if (byte < 0x80) {
        this.pos++;
        return byte;
      }
    }
    this.varint64();
    return this.low;
  }

  /** Into `low` and `high`; bits beyond the 64th are dropped. */
  varint64(): void {
    let low = 0;
    let high = 0;
    const start = this.pos;
    for (let i = 0; i < MAX_VARINT; i++) {
      if (this.pos >= this.end) this.#cut('the rest of a varint', start);
      const byte = this.bytes[this.pos++] as number;
      const bits = byte & 0x7f;
      if (i < 4) low |= bits << (7 * i);
      else if (i === 4) {
        low |= bits << 28;
        high |= bits >>> 4;
      } else high |= bits << (7 * i - 32);
      if (byte < 0x80) {
        this.low = low;
        this.high = high;
        return;
      }
    }
    this.malformed('expected a varint of at most 10 bytes, got a longer one');
  }

  fixed32(): number {
    return this.#view.getInt32(this.#take(4), true);
  }

  /** Into `low` and `high`. */
  fixed64(): void {
    const at = this.#take(8);
    this.low = this.#view.getInt32(at, true);
    this.high = this.#view.getInt32(at + 4, true);
  }

  float(): number {
    return this.#view.getFloat32(this.#take(4), true);
  }

  double(): number {
    return this.#view.getFloat64(this.#take(8), true);
  }

  /** How many values of a fixed size fill the message in hand. */
  countOf(size: number): number {
    const length = this.end - this.pos;
    if (length % size !== 0) {
      this.malformed(`expected packed values of ${size} bytes each, got ${length} bytes`);
    }
    return length / size;
  }

  /** Goes over the value behind `tag`, which no field of the schema is. */
  skip(tag: number, depth: number): void {
    switch (tag & 7) {
      case VARINT:
        return this.varint64();
      case FIXED64:
        this.#take(8);
        return;
      case LENGTH_PREFIXED:
        this.pos = this.#lengthPrefixedEnd();
        return;
      case START_GROUP:
        return this.#skipGroup(tag >>> 3, depth);
      default:
        this.#take(4);
    }
  }

  tooDeep(at: number): never {
    this.report.tooDeep(at);
    throw new ReportFull();
  }

  malformed(message: string): never {
    this.report.refuse(this.#at, message);
    throw new ReportFull();
  }

  #skipGroup(fieldNumber: number, depth: number): void {
    const open = [fieldNumber];
    while (open.length > 0) {
      if (depth + open.length > MAX_DEPTH) this.tooDeep(this.#at);
      if (this.pos >= this.end) this.#cut(`the end of group ${open.at(-1)}`);
      const tag = this.#tag();
      if ((tag & 7) === START_GROUP) open.push(tag >>> 3);
      else if ((tag & 7) !== END_GROUP) this.skip(tag, depth);
      else if (open.pop() !== tag >>> 3) {
        this.malformed(`expected the end of the group that was begun, got that of ${tag >>> 3}`);
      }
    }
  }

  #tag(): number {
    const start = this.pos;
    this.varint64();
    const tag = this.low >>> 0;
    if (this.high !== 0 || this.pos - start > 5) {
      this.malformed('expected a tag of at most 32 bits, got a longer one');
    }
    if (tag >>> 3 === 0) this.malformed('expected a field number, got 0');
    if ((tag & 7) > FIXED32) this.malformed(`expected a wire type from 0 to 5, got ${tag & 7}`);
    return tag;
  }

  #lengthPrefixedEnd(): number {
    const start = this.pos;
    this.varint64();
    const length = this.low >>> 0;
    if (this.high !== 0 || length > this.end - this.pos) {
      this.#cut(`${this.high === 0 ? length : 'very many'} bytes`, start);
    }
    return this.pos + length;
  }

  #take(size: number): number {
    const at = this.pos;
    if (size > this.end - at) this.#cut(`${size} bytes`);
    this.pos = at + size;
    return at;
  }

  #cut(expected: string, start = this.pos): never {
    this.malformed(`expected ${expected} at byte ${start}, got the end of the message`);
  }
}
