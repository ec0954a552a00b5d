import type { Call } from './call.js';

/**
 * The inputs of a call that has several. The gate is passed once, for all of them; each is validated, looked
 * up in the cache and run by itself, and one that fails is the failure of all. Their answers go to the
 * outlet of the call, in the order of the inputs.
 */
export interface Parts {
  /**
   * Looks at what the call has brought, now that the guards have had their say.
   *
   * @returns how many inputs there are
   * @throws {ServingError} where it holds none that can be served
   */
  begin(): number;
  /** Gives the call of one of them its input. */
  read(part: Call, index: number): void;
  /** Takes one of them to its handler past the pipes of the app, where there are any. */
  handle?: ((part: Call) => unknown) | undefined;
  /** Which of them all have failed for, once one has. */
  failed?: { readonly index: number; readonly error: unknown };
}
