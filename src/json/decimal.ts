const PLUS = 43;
const MINUS = 45;
const POINT = 46;
const ZERO = 48;
/** In lower case. */
const E = 101;

/** No type has integers of more digits. */
const MAX_DIGITS = 20;
/** An exponent beyond it leaves no integer of a literal that fits into memory. */
const MAX_EXPONENT = 1e15;
/** The digits in the head of a {@link WholeNumber}. */
const HEAD_DIGITS = 8;

/**
 * An integer of up to 20 digits as `head * scale + tail`, without its sign: its first 8 digits and
 * the others. Numbers hold each part exactly, and below 2^64 `head * scale` as well.
 */
export class WholeNumber {
  #head = 0;
  #tail = 0;
  #scale = 1;
  digits = 0;

  /** The number nearest to it: what parsing makes of it. */
  get nearest(): number {
    return this.#head * this.#scale + this.#tail;
  }

  /** Whether it is a number itself, below 2^64: whether the sum has lost nothing of the tail. */
  get isNumber(): boolean {
    return this.nearest - this.#head * this.#scale === this.#tail;
  }

  /** Writes a digit behind the others. */
  push(digit: number): void {
    if (this.digits++ < HEAD_DIGITS) {
      this.#head = this.#head * 10 + digit;
    } else {
      this.#tail = this.#tail * 10 + digit;
      this.#scale *= 10;
    }
  }

  /** Writes zeros behind the digits, if there is room for them. */
  pushZeros(count: number): boolean {
    if (this.digits === 0) return true;
    if (this.digits + count > MAX_DIGITS) return false;
    for (let i = 0; i < count; i++) this.push(0);
    return true;
  }

  toBigInt(): bigint {
    return BigInt(this.#head) * BigInt(this.#scale) + BigInt(this.#tail);
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
  const whole = new WholeNumber();
  // Zeros that count only where something follows them.
  let zeros = 0;
  let point = end;
  let index = start;
  for (; index < end; index++) {
    const byte = text[index]!;
    if (byte === ZERO) zeros++;
    else if (byte === POINT) point = index;
    else if ((byte | 32) === E) break;
    else if (byte !== MINUS && byte !== PLUS) {
      if (!whole.pushZeros(zeros) || whole.digits === MAX_DIGITS) return undefined;
      whole.push(byte - ZERO);
      zeros = 0;
    }
  }
  zeros += exponentAt(text, index + 1, end) - Math.max(index - 1 - point, 0);
  if (whole.digits === 0) return whole;
  return zeros >= 0 && whole.pushZeros(zeros) ? whole : undefined;
}

function exponentAt(text: Uint8Array, start: number, end: number): number {
  let size = 0;
  for (let index = start; index < end; index++) {
    const byte = text[index]!;
    if (byte >= ZERO) size = Math.min(size * 10 + byte - ZERO, MAX_EXPONENT);
  }
  return text[start] === MINUS ? -size : size;
}

/**
 * The integer that a decimal text (`12`, `1.20e1`) stands for, to the last digit; undefined where it
 * is no integer or has more than 20 digits.
 */
export function integerOf(text: string): bigint | undefined {
  const bytes = Buffer.from(text, 'latin1');
  const size = wholeNumberAt(bytes, 0, bytes.length)?.toBigInt();
  return size !== undefined && bytes[0] === MINUS ? -size : size;
}
