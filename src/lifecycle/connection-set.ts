import type { AddressInfo } from 'node:net';

/** The connections of one server or protocol, and how they end without a loss. */
export interface ConnectionSet {
  /** What is spoken on them, where that is not HTTP. */
  readonly protocol?: string;
  /** Where they are accepted, where that is not the app's own port. */
  readonly address?: AddressInfo;
  /** Whether more of them are accepted. */
  readonly listening: boolean;
  /** Stops accepting; what is open is served as before. */
  stopListening(): void;
  /**
   * Ends each of them when what it carries has been answered.
   *
   * @param quietPeriod milliseconds of silence after which one counts as idle, where its protocol has no
   * word for its end
   * @returns a promise of the moment when none is left
   */
  close(quietPeriod: number): Promise<void>;
  /** Cuts all of them, whatever they are doing. */
  destroy(): void;
}
