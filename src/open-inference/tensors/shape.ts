import type { Path } from '../../json/index.js';
import { refusal, unexpected } from './refusal.js';

/**
 * How many elements a tensor of a shape has.
 *
 * @throws {InvalidRequest} where that is more than a number can say
 */
export function countOf(shape: readonly number[], place: Path): number {
  // A dimension of zero leaves nothing of the others, however large they are.
  if (shape.includes(0)) return 0;
  const count = shape.reduce((product, dimension) => product * dimension, 1);
  if (Number.isSafeInteger(count)) return count;
  throw refusal([...place, 'shape'], 'expected fewer than 2^53 elements, got more');
}

/** @throws {InvalidRequest} */
export function readShape(value: unknown, place: Path): readonly number[] {
  const at = [...place, 'shape'];
  if (!Array.isArray(value)) throw unexpected(at, 'a list of dimensions', value);
  const wrong = value.findIndex((dimension) => !isDimension(dimension));
  if (wrong < 0) return value as number[];
  throw unexpected([...at, wrong], 'a dimension (an integer from 0)', value[wrong]);
}

function isDimension(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

/** @throws {InvalidRequest} where there are not as many elements as the shape says */
export function checkCount(got: number, shape: readonly number[], place: Path): void {
  const count = countOf(shape, place);
  if (got === count) return;
  const expected = `expected ${count} elements of shape [${shape.slice(0, 10).join(', ')}]`;
  throw refusal(place, `${expected}, got ${got}`);
}
