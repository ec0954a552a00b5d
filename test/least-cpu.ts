/**
 * The microseconds of processor time that a piece of work takes at best: what the machine does
 * besides does not count, and 16 times the input may take 64 times as long but not 256 times.
 */
export function leastCpu(work: () => unknown): number {
  let least = Infinity;
  for (let time = 0; time < 5; time++) {
    const start = process.cpuUsage();
    work();
    const { user, system } = process.cpuUsage(start);
    least = Math.min(least, user + system);
  }
  return Math.max(least, 100); // below that the clock is too coarse
}
