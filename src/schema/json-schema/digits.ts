/*
 * Regular expressions in the part of the language that all validators share: no look-ahead, no
 * `\d`, which are more digits than ten in some of them.
 */

/** Decimal digits without leading zeros, for a number from 0 to `max`. */
export function digitsUpTo(max: string): string {
  return max === '0' ? '0' : `0|${positiveDigitsUpTo(max)}`;
}

/** The same for a number from 1. */
export function positiveDigitsUpTo(max: string): string {
  const shorter = `[1-9][0-9]{0,${max.length - 2}}`;
  const asLong = Array.from(max, (digit, at) => {
    const least = at === 0 ? 1 : 0;
    const most = Number(digit) - 1;
    return most < least ? [] : [`${max.slice(0, at)}[${least}-${most}]${anyDigits(max, at)}`];
  });
  return [shorter, ...asLong.flat(), max].join('|');
}

function anyDigits(max: string, at: number): string {
  const left = max.length - at - 1;
  return left === 0 ? '' : `[0-9]{${left}}`;
}
