import { onTestFinished, vi } from 'vitest';

/**
 * Stops the clock by which deadlines are kept, until the test is over; sockets go on. What is to
 * happen before a deadline can then be awaited, however long the machine takes for it.
 */
export function stopClock(): { advance(milliseconds: number): void } {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
  onTestFinished(() => void vi.useRealTimers());
  return { advance: (milliseconds) => void vi.advanceTimersByTime(milliseconds) };
}
