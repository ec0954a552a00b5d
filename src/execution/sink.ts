/**
 * Where the items of a handler that streams go, one by one. It says when it takes more: nothing is asked
 * of the handler before.
 */
export interface Sink {
  /** Takes the next item; a throw ends the stream with it. */
  take(item: unknown): void;
  /** Whether the next item has to wait. */
  readonly isFull: boolean;
  /** Calls `listener` once, when it is full no more; at most one waits. */
  onceReady(listener: () => void): void;
}
