import { spawn } from 'node:child_process';
import { createServer } from 'node:net';
import { performance } from 'node:perf_hooks';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { pinned, SERVER_CORE } from './machine.mjs';

export const ROOT = fileURLToPath(new URL('../../', import.meta.url));

/**
 * How to start a server under test.
 *
 * @typedef {object} ServerSpec
 * @property {string} name
 * @property {string[]} command
 * @property {Record<string, string>} [env]
 * @property {string | null} [core]   The core to pin to; null leaves it unpinned. Default: the server's.
 * @property {boolean} [announces]    Prints `ready` when it listens; else it is asked until it answers.
 * @property {string} [readyPath]     What it is asked; below 500 is an answer. Default '/'.
 * @property {string} [missing]       Why it cannot be started here; the cases that need it say so.
 */

/** @typedef {{ name: string, pid: number, port: number, origin: string, startMs: number, stop(): Promise<void> }} Server */

/** USER_HZ, which is 100 on every Linux that Node runs on. */
const TICKS_PER_SECOND = 100;

const running = new Set();

/** Kills what is left, at once and by id: for Ctrl-C and for a runner that throws. */
export function killAll() {
  for (const child of running) child.kill('SIGKILL');
}

export function freePort() {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once('error', reject);
    probe.listen(0, '127.0.0.1', () => {
      const { port } = probe.address();
      probe.close(() => resolve(port));
    });
  });
}

/**
 * Starts a server and waits until it accepts connections. Its port comes as `PORT`; where it prints
 * `ready` the time of that line counts, else it is polled.
 *
 * @param {ServerSpec} spec
 * @returns {Promise<Server>}
 */
export async function start(spec) {
  const port = await freePort();
  const fill = (text) => text.replaceAll('{port}', String(port));
  const core = spec.core === undefined ? SERVER_CORE : (spec.core ?? undefined);
  const [file, ...args] = pinned(spec.command, core).map(fill);
  const began = performance.now();
  const child = spawn(file, args, {
    cwd: ROOT,
    env: {
      ...process.env,
      NODE_ENV: 'production',
      ...spec.env,
      PORT: String(port),
      HOST: '127.0.0.1',
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  running.add(child);
  let output = '';
  const exited = new Promise((resolve) => {
    const done = () => {
      running.delete(child);
      resolve();
    };
    child.once('exit', done);
    child.once('error', (error) => {
      output += error.message;
      done();
    });
  });
  let announcedAt;
  const collect = (chunk) => {
    // Only the beginning is kept: a server that logs under load must not fill our memory.
    if (output.length < 8_000) output += chunk;
    if (announcedAt === undefined && output.includes('ready\n')) announcedAt = performance.now();
  };
  child.stdout.on('data', collect);
  child.stderr.on('data', collect);

  const deadline = began + 30_000;
  while (announcedAt === undefined) {
    if (!running.has(child)) throw new Error(`${spec.name} did not start:\n${output}`);
    if (performance.now() > deadline) {
      child.kill('SIGKILL');
      throw new Error(`${spec.name} was not ready within 30 s:\n${output}`);
    }
    if (!spec.announces && (await accepts(port, spec.readyPath))) announcedAt = performance.now();
    else await new Promise((resolve) => setTimeout(resolve, 20));
  }
  return {
    name: spec.name,
    pid: child.pid,
    port,
    origin: `http://127.0.0.1:${port}`,
    startMs: announcedAt - began,
    async stop() {
      child.kill('SIGTERM');
      const timer = setTimeout(() => child.kill('SIGKILL'), 3_000);
      await exited;
      clearTimeout(timer);
    },
  };
}

async function accepts(port, path = '/') {
  try {
    const response = await fetch(`http://127.0.0.1:${port}${path}`);
    await response.arrayBuffer();
    return response.status < 500;
  } catch {
    return false;
  }
}

/**
 * Processor seconds that a process and its children have used, or null where /proc does not tell.
 * Unlike a rate it hardly changes when other programs compete for the core.
 */
export function cpuSeconds(pid) {
  try {
    const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8');
    // After the command's name, which may hold spaces: user and system time are fields 14 and 15.
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1).split(' ');
    const own = (Number(stat[11]) + Number(stat[12])) / TICKS_PER_SECOND;
    const ids = children.split(' ').filter(Boolean);
    return ids.reduce((sum, child) => sum + (cpuSeconds(child) ?? 0), own);
  } catch {
    return null;
  }
}

/** Resident memory of a process in MB, or null where /proc does not tell. */
export function residentMb(pid) {
  try {
    const status = readFileSync(`/proc/${pid}/status`, 'utf8');
    return Number(/^VmRSS:\s+(\d+) kB/m.exec(status)[1]) / 1024;
  } catch {
    return null;
  }
}
