/** A shape as models declare it: a number, or the name (possibly empty) of an open dimension. */
export type Shape = readonly (number | string)[];

/** The number of elements of a tensor of these dimensions. */
export function sizeOf(dims: readonly number[]): number {
  return dims.reduce((size, dim) => size * dim, 1);
}

/** A shape or dimensions, for a message: `[batch, ?, 4]`. */
export function shown(shape: Shape): string {
  const sizes = shape.slice(0, 8).map((size) => (size === '' ? '?' : size));
  return `[${sizes.join(', ')}${shape.length > 8 ? `, … (${shape.length} dimensions)` : ''}]`;
}
