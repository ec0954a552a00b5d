const FIRST_SECOND = -62_135_596_800; // 0001-01-01T00:00:00Z
const LAST_SECOND = 253_402_300_799; // 9999-12-31T23:59:59Z
const MAX_DURATION = 315_576_000_000; // 10,000 years of 365.25 days
const MAX_NANOS = 999_999_999;

/** A timestamp or a duration as protobuf's messages have it; in canonical form it is a text. */
export interface SecondsAndNanos {
  readonly seconds: number;
  readonly nanos: number;
}

/** Undefined for what is beyond the range. */
export function timestampText({ seconds, nanos }: SecondsAndNanos): string | undefined {
  if (seconds < FIRST_SECOND || seconds > LAST_SECOND) return undefined;
  if (nanos < 0 || nanos > MAX_NANOS) return undefined;
  const whole = new Date(seconds * 1000).toISOString().slice(0, -'.000Z'.length);
  return `${whole}${fraction(nanos)}Z`;
}

/** @param text in canonical form */
export function timestampParts(text: string): SecondsAndNanos {
  const [whole = '', digits = ''] = text.slice(0, -1).split('.');
  return { seconds: Date.parse(`${whole}Z`) / 1000, nanos: nanosOf(digits) };
}

/** Undefined for what is beyond the range. */
export function durationText({ seconds, nanos }: SecondsAndNanos): string | undefined {
  if (Math.abs(seconds) > MAX_DURATION || Math.abs(nanos) > MAX_NANOS) return undefined;
  if (seconds * nanos < 0) return undefined;
  const sign = seconds < 0 || nanos < 0 ? '-' : '';
  return `${sign}${Math.abs(seconds)}${fraction(Math.abs(nanos))}s`;
}

/** @param text in canonical form */
export function durationParts(text: string): SecondsAndNanos {
  const [whole = '', digits = ''] = text.slice(0, -1).split('.');
  const nanos = nanosOf(digits);
  // Adding zero makes the -0 of "-0.5s" the number 0.
  return { seconds: Number(whole) + 0, nanos: text.startsWith('-') ? 0 - nanos : nanos };
}

/** As ProtoJSON writes it: nothing, or 3, 6 or 9 digits. */
function fraction(nanos: number): string {
  if (nanos === 0) return '';
  const digits = String(nanos).padStart(9, '0');
  if (digits.endsWith('000000')) return `.${digits.slice(0, 3)}`;
  return `.${digits.endsWith('000') ? digits.slice(0, 6) : digits}`;
}

function nanosOf(digits: string): number {
  return Number(digits.padEnd(9, '0'));
}
