import { constants } from 'node:os';

export type TerminationSignal = 'SIGTERM' | 'SIGINT' | 'SIGHUP';

/** Ends the process at once, with the exit code a shell gives it (128 and the signal's number). */
export function exitBy(signal: TerminationSignal): never {
  process.exit(128 + constants.signals[signal]);
}

/**
 * Calls `stop` at the first of the signals; a second one ends the process at once.
 *
 * @returns the function that stops listening to them.
 */
export function onTermination(
  signals: readonly TerminationSignal[],
  stop: (signal: TerminationSignal) => void,
  beforeExit?: () => void,
): () => void {
  let stopping = false;
  const listener = (signal: TerminationSignal): void => {
    if (stopping) {
      beforeExit?.();
      exitBy(signal);
    }
    stopping = true;
    stop(signal);
  };
  for (const signal of signals) process.on(signal, listener);
  return () => {
    for (const signal of signals) process.off(signal, listener);
  };
}
