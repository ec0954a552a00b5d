import type { CancellableTask, PredictContext } from '../execution/index.js';

/** Where calls go whose clients would rather be answered later: jobs/ makes one for an endpoint. */
export interface Deferral {
  /** Whether a call's client has asked for it, by its headers. */
  isAskedFor(headers: PredictContext['headers']): boolean;
  /**
   * Takes a call in, past the guards of the app, and answers its client.
   *
   * @param args what the app's guards are shown of its arrival
   * @returns `false` where it can be answered at once: its guards have passed it, and it goes the rest of
   * its way as any other
   * @throws what its client is to be told of
   */
  take(call: CancellableTask, args: readonly unknown[]): Promise<boolean>;
}
