import { disregard, ServingError } from '../errors/index.js';
import type { BatchOptions } from './executor.js';

/** How many items of a batch an input counts for. Fails the input's own request if it has none. */
export function itemsOf(input: unknown, { sizeOf, maxSize }: BatchOptions): number {
  if (sizeOf === undefined) return 1;
  const items = sizeOf(input);
  if (!Number.isSafeInteger(items) || items < 0) {
    disregard(items);
    throw new ServingError('Internal', `sizeOf returned ${quote(items)}, expected a whole number`);
  }
  if (items > maxSize) {
    throw new ServingError(
      'PayloadTooLarge',
      `Expected at most ${maxSize} items in a request, got ${items}`,
    );
  }
  // An empty input still takes a place, or there would be no end to a batch of them.
  return Math.max(items, 1);
}

function quote(value: unknown): string {
  return typeof value === 'number' ? String(value) : `a ${typeof value}`;
}
