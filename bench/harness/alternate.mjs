// Functions of one process, timed in turns.
import { performance } from 'node:perf_hooks';

// Short rounds, so that a pair of them sees the same machine.
const ROUNDS = 25;
const ROUND_MS = 15;

/**
 * Processor time of one call of each function, microseconds, round by round, after rounds that only
 * warm up.
 *
 * @param {(() => void)[]} functions
 * @param {number} calls  Between two looks at the clock: many where a call is shorter than a look.
 * @returns {number[][]}
 */
export function alternate(functions, calls) {
  const all = () => functions.map((action) => time(action, calls));
  for (let i = 0; i < 5; i++) all();
  return Array.from({ length: ROUNDS }, all);
}

function time(action, calls) {
  let called = 0;
  const started = performance.now();
  const before = process.cpuUsage();
  do {
    for (let i = 0; i < calls; i++) action();
    called += calls;
  } while (performance.now() - started < ROUND_MS);
  const { user, system } = process.cpuUsage(before);
  return (user + system) / called;
}
