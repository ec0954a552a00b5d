/** Figures as one reads them. */

/** Three digits that count, without an exponent. */
export function digits(value: number): string {
  const places = value === 0 ? 0 : Math.max(0, 2 - Math.floor(Math.log10(Math.abs(value))));
  return value.toFixed(Math.min(places, value < 10 ? 2 : 1)).replace(/\.0+$/, '');
}

export function milliseconds(value: number): string {
  return value >= 10_000 ? `${digits(value / 1_000)} s` : `${digits(value)} ms`;
}

export function percent(share: number): string {
  return `${digits(100 * share)} %`;
}

/** What the most of a tally are, first. */
export function shares(tally: Readonly<Record<string, number>>): string {
  return Object.entries(tally)
    .sort(([, a], [, b]) => b - a)
    .map(([name, count]) => `${name} ${count}`)
    .join(', ');
}
