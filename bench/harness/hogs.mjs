import { spawn } from 'node:child_process';
import { pinned, SERVER_CORE } from './machine.mjs';

/** Ends with the runner, even where that was killed. */
const HOG = 'const runner = process.ppid; while (process.ppid === runner);';

/**
 * Busy loops on the servers' core while `measure` runs. The scheduler shares the core evenly, so with
 * two of them a busy server has a third of it: a processor three times slower, wherever `taskset` is.
 */
export async function besideHogs(count, measure) {
  const [file, ...args] = pinned([process.execPath, '-e', HOG], SERVER_CORE);
  const hogs = Array.from({ length: count }, () => spawn(file, args, { stdio: 'ignore' }));
  const stop = () => hogs.forEach((hog) => hog.kill('SIGKILL'));
  process.once('exit', stop);
  try {
    return await measure();
  } finally {
    process.removeListener('exit', stop);
    stop();
  }
}
