/** How often, and how many times. */
export interface Pace {
  /** A second. */
  readonly rate: number;
  readonly count: number;
}

/** After so many at once what has come is looked at: who sends more than it can reads no answers. */
const MOST_A_TURN = 64;

/**
 * Acts at even intervals, whatever has become of what it has begun: that is what makes the loop an open
 * one. Where this process was busy at the time, it acts late and says so by handing over when it was due.
 *
 * @param act starts something; `due` is a time of `performance.now()`
 * @param signal ends it early
 * @returns when the last has begun
 */
export async function keepRate(
  { rate, count }: Pace,
  act: (due: number) => void,
  signal: AbortSignal,
): Promise<void> {
  const began = performance.now();
  const dueAt = (index: number): number => began + (index * 1_000) / rate;
  let begun = 0;
  while (begun < count && !signal.aborted) {
    const now = performance.now();
    const most = Math.min(count, begun + MOST_A_TURN);
    while (begun < most && dueAt(begun) <= now && !signal.aborted) act(dueAt(begun++));
    if (begun < count) await pause(dueAt(begun) - performance.now(), signal);
  }
}

/** Waits for some milliseconds, or for the signal. */
function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    const done = (): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, Math.max(0, milliseconds));
    signal.addEventListener('abort', done);
  });
}
