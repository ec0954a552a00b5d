/** How many values lie above the quantile, at least, before it is one: fewer say nothing of it. */
const ABOVE = 1;

/**
 * The value that a share of all do not exceed, exactly, or null where there are too few for it: the
 * 99.9th percentile of a hundred values would be their largest, by another name.
 *
 * @param sorted in rising order
 * @param share between 0 and 1
 */
export function quantile(sorted: Float64Array, share: number): number | null {
  if (sorted.length === 0 || sorted.length * (1 - share) < ABOVE - 1e-9) return null;
  return sorted[Math.max(0, Math.ceil(sorted.length * share - 1e-9) - 1)]!;
}

/** The middle of some values in any order; 0 of none. */
export function median(values: readonly number[]): number {
  return quantile(Float64Array.from(values).sort(), 0.5) ?? values[0] ?? 0;
}
