/** One place in a message that breaks its schema, or the rules that hold without one. */
export interface Violation {
  /** Where, as a JSON path from the body: `$.items[3].name`. */
  readonly path: string;
  /** What was expected and what was got. */
  readonly message: string;
}

/** A message is looked at no further once so many places are known to be wrong. */
export const MAX_VIOLATIONS = 10;

/** One sentence of all that is wrong with a `request` or an `answer`. */
export function summaryOf(what: string, violations: readonly Violation[]): string {
  const [first, ...more] = violations as [Violation, ...Violation[]];
  const others = more.length === 0 ? '' : ` (and ${more.length} more)`;
  return `Invalid ${what} at ${first.path}: ${first.message}${others}`;
}
