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
 * @property {boolean} [probed]       A Node process that tells by `probe.mjs` when it listens and what
 *   processor time it used; any other is asked until it answers, and /proc tells its time.
 * @property {string} [readyPath]     What it is asked; below 500 is an answer. Default '/'.
 * @property {string} [missing]       Why it cannot be started here; the cases that need it say so.
 */

/**
 * @typedef {object} Server
 * @property {string} name
 * @property {number} pid
 * @property {number} port
 * @property {string} origin
 * @property {number} startMs         From the command to the open port.
 * @property {number} [startCpuMs]    Processor time until then, of a probed server.
 * @property {() => Promise<number | null>} cpuSeconds  Processor time so far; null where nothing tells.
 * @property {() => Promise<NodeJS.MemoryUsage>} liveMemory  Without garbage, of a probed server.
 * @property {() => Promise<void>} stop
 */

const PROBE = new URL('./probe.mjs', import.meta.url).href;

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
 * Starts a server and waits until it accepts connections. Its port comes as `PORT`.
 *
 * @param {ServerSpec} spec
 * @returns {Promise<Server>}
 */
export async function start(spec) {
  const port = await freePort();
  const fill = (text) => text.replaceAll('{port}', String(port));
  const core = spec.core === undefined ? SERVER_CORE : (spec.core ?? undefined);
  const [program, ...rest] = spec.command;
  const command = spec.probed ? [program, '--import', PROBE, ...rest] : spec.command;
  const [file, ...args] = pinned(command, core).map(fill);
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
    stdio: ['ignore', 'pipe', 'pipe', ...(spec.probed ? ['ipc'] : [])],
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
  const collect = (chunk) => {
    // Only the beginning is kept: a server that logs under load must not fill our memory.
    if (output.length < 8_000) output += chunk;
  };
  child.stdout.on('data', collect);
  child.stderr.on('data', collect);

  let readyAt;
  let startCpuMs;
  child.once('message', ({ cpuMicros }) => {
    readyAt = performance.now();
    startCpuMs = cpuMicros / 1_000;
  });

  const deadline = began + 30_000;
  while (readyAt === undefined) {
    if (!running.has(child)) throw new Error(`${spec.name} did not start:\n${output}`);
    if (performance.now() > deadline) {
      child.kill('SIGKILL');
      throw new Error(`${spec.name} was not ready within 30 s:\n${output}`);
    }
    if (!spec.probed && (await accepts(port, spec.readyPath))) readyAt = performance.now();
    else await new Promise((resolve) => setTimeout(resolve, 20));
  }
  return {
    name: spec.name,
    pid: child.pid,
    port,
    origin: `http://127.0.0.1:${port}`,
    startMs: readyAt - began,
    startCpuMs,
    liveMemory: () => ask(child, 'memory'),
    cpuSeconds: async () => (spec.probed ? askCpuSeconds(child) : cpuSecondsOfTree(child.pid)),
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

/** What `process.cpuUsage` of the server says, all its threads included. */
async function askCpuSeconds(child) {
  const { cpuMicros } = await ask(child, 'cpu');
  return cpuMicros / 1e6;
}

function ask(child, what) {
  return new Promise((resolve, reject) => {
    child.once('message', resolve);
    child.send(what, (error) => error && reject(error));
  });
}

/** The same of a process and its children by /proc, in steps of 10 ms; null where it does not tell. */
function cpuSecondsOfTree(pid) {
  try {
    const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8');
    // After the command's name, which may hold spaces: user and system time are fields 14 and 15.
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1).split(' ');
    const own = (Number(stat[11]) + Number(stat[12])) / TICKS_PER_SECOND;
    const ids = children.split(' ').filter(Boolean);
    return ids.reduce((sum, child) => sum + (cpuSecondsOfTree(child) ?? 0), own);
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
