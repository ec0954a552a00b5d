import { execFileSync } from 'node:child_process';
import { availableParallelism, cpus, loadavg, totalmem } from 'node:os';

/** The path of a program, or undefined where it is not installed. */
export function find(program) {
  try {
    return execFileSync('which', [program], { encoding: 'utf8' }).trim() || undefined;
  } catch {
    return undefined;
  }
}

const taskset = find('taskset');
export const cores = availableParallelism();
export const canPin = taskset !== undefined && cores >= 2;

/** Core 0 serves and core 1 loads, so that neither steals time from the other. */
export const SERVER_CORE = '0';
export const LOAD_CORE = '1';

/**
 * Puts `taskset` before a command. It replaces itself with the command, so the process id stays that
 * of the server.
 *
 * @param {string[]} command
 * @param {string | undefined} core  e.g. '0' or '0,1'; undefined leaves the command unpinned.
 */
export function pinned(command, core) {
  return canPin && core !== undefined ? [taskset, '-c', core, ...command] : command;
}

/**
 * Debian's Python packages belong to /usr/bin/python3; the `python3` of a version manager, if it
 * comes first in PATH, does not see them.
 */
const PYTHONS = ['/usr/bin/python3', 'python3'];

/** A Python that has all of `modules`, or what is missing. */
export function findPython(modules) {
  let missing = 'python3';
  for (const python of PYTHONS) {
    try {
      execFileSync(python, ['-c', `import ${modules.join(', ')}`], {
        encoding: 'utf8',
        stdio: ['ignore', 'ignore', 'pipe'],
      });
      return { python };
    } catch (error) {
      const named = /No module named '([^']+)'/.exec(String(error.stderr ?? ''));
      if (named) missing = `the Python module ${named[1]}`;
    }
  }
  return { missing };
}

/** How many programs wanted a core over the last minute. */
export const loadAverage = () => loadavg()[0];

/** What a reader needs to judge the figures. */
export function describeMachine() {
  return {
    node: process.version,
    platform: `${process.platform} ${process.arch}`,
    cpu: cpus()[0]?.model ?? 'unknown',
    cores,
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    pinned: canPin,
  };
}
