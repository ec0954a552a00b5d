const MINUS = 45;
const POINT = 46;
const ZERO = 48;
const NINE = 57;
/** In lower case. */
const E = 101;

/** No type has integers of more digits. */
const MAX_DIGITS = 20;
/** An exponent beyond it leaves no integer of a literal that fits into memory. */
const MAX_EXPONENT = 1e15;
/** The digits in the head of a {@link WholeNumber}. */
const HEAD_DIGITS = 8;

/**
 * An integer of up to 20 digits as `head * scale + tail`, without its sign: its first digits and the
 * others. Numbers hold each part exactly, and below 2^64 `head * scale` as well.
 */
export class WholeNumber {
  constructor(
    readonly head: number,
    readonly scale: number,
    readonly tail: number,
  ) {}

  /** The number nearest to it: what parsing makes of it. */
  get nearest(): number {
    return this.head * this.scale + this.tail;
  }

  /** Whether it is a number itself, below 2^64: whether the sum has lost nothing of the tail. */
  get isNumber(): boolean {
    return this.nearest - this.head * this.scale === this.tail;
  }
}

/**
 * The integer that a decimal literal (`12`, `1.20e1`) stands for, to the last digit and without its
 * sign; undefined where it is no integer or has more than 20 digits.
 *
 * @param end the index behind the literal
 */
export function wholeNumberAt(
  text: Uint8Array,
  start: number,
  end: number,
): WholeNumber | undefined {
  let head = 0;
  let scale = 1;
  let tail = 0;
  let digits = 0;
  // Zeros that count only where another digit follows.
  let zeros = 0;
  let point = end;
  let index = start;
  for (; index < end; index++) {
    const byte = text[index]!;
    if (byte === ZERO) {
      zeros++;
    } else if (byte === POINT) {
      point = index;
    } else if (byte > ZERO && byte <= NINE) {
      if (digits === 0) zeros = 0;
      digits += zeros + 1;
      if (digits > MAX_DIGITS) return undefined;
      for (; zeros >= 0; zeros--) {
        const digit = zeros === 0 ? byte - ZERO : 0;
        if (digits - zeros <= HEAD_DIGITS) {
          head = head * 10 + digit;
        } else {
          tail = tail * 10 + digit;
          scale *= 10;
        }
      }
      zeros = 0;
    } else if ((byte | 32) === E) {
      break;
    }
  }
  if (digits === 0) return new WholeNumber(0, 1, 0);
  const fraction = Math.max(index - 1 - point, 0);
  const power = zeros + exponentAt(text, index + 1, end) - fraction;
  if (power < 0 || digits + power > MAX_DIGITS) return undefined;
  for (let i = 0; i < power; i++) {
    scale *= 10;
    tail *= 10;
  }
  return new WholeNumber(head, scale, tail);
}

function exponentAt(text: Uint8Array, start: number, end: number): number {
  let size = 0;
  for (let index = start; index < end; index++) {
    const byte = text[index]!;
    if (byte >= ZERO) size = Math.min(size * 10 + byte - ZERO, MAX_EXPONENT);
  }
  return text[start] === MINUS ? -size : size;
}
