import type { Answer } from './answer.js';

/** Where the answers of a call that streams go: what its door makes of them, one by one. */
export interface Outlet {
  /** Takes the next answer; throws where there can be no more of them. */
  write(item: Answer): void;
  /** Whether the next answer has to wait, as where the client reads more slowly than it is sent to. */
  readonly isFull: boolean;
  /** Calls `listener` once, when it is full no more; at most one waits. */
  onceReady(listener: () => void): void;
  /** Ends the stream, whole. */
  end(): void;
}
