import type { Path } from '../../json/index.js';
import { refusal, unexpected } from './refusal.js';

/** @throws {InvalidRequest} for what no tensor has: a negative dimension, more elements than a number can count */
export function readShape(value: unknown, place: Path): readonly number[] {
  const at = [...place, 'shape'];
  if (!Array.isArray(value)) throw unexpected(at, 'a list of dimensions', value);
  const wrong = value.findIndex((dimension) => !isDimension(dimension));
  if (wrong >= 0) throw unexpected([...at, wrong], 'a dimension (an integer from 0)', value[wrong]);
  if (Number.isSafeInteger(countOf(value))) return value;
  throw refusal(at, 'expected fewer than 2^53 elements, got more');
}

function isDimension(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

/** How many elements a tensor of a shape has. */
export function countOf(shape: readonly number[]): number {
  // A dimension of zero leaves nothing of the others, however large they are.
  if (shape.includes(0)) return 0;
  return shape.reduce((product, dimension) => product * dimension, 1);
}

/** @throws {InvalidRequest} where there are not as many elements as the shape says */
export function checkCount(got: number, shape: readonly number[], place: Path): void {
  const count = countOf(shape);
  if (got === count) return;
  throw refusal(place, `expected ${count} elements of shape ${shapeText(shape)}, got ${got}`);
}

/** A shape for a message, cut short. */
export function shapeText(shape: readonly number[]): string {
  return `[${shape.slice(0, 10).join(', ')}]`;
}
