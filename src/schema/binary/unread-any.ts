import type { Report } from '../report.js';

/**
 * An Any whose content has not been read yet: it may come twice, in two halves, and what a value is
 * cannot be known before its type. One that a later field of its oneof replaces is read all the same.
 */
export interface UnreadAny {
  url: string;
  value: Buffer;
  /** Gives the Any in JSON's form. */
  settle(unread: UnreadAny, report: Report, isInAny: boolean): unknown;
  readonly path: readonly (string | number)[];
  readonly depth: number;
}
