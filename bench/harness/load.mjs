import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { LOAD_CORE, pinned } from './machine.mjs';

/**
 * @typedef {object} Shot   One request of a load.
 * @property {string} path
 * @property {string} body
 */

/**
 * @typedef {object} LoadResult
 * @property {number} rate      Answers a second, once the generator itself is warm.
 * @property {number} requests
 * @property {number} seconds
 * @property {Record<string, number>} statuses  How many answers of each; `broken` for connections.
 * @property {number} p50       Milliseconds.
 * @property {number} p99       Milliseconds.
 */

const GENERATOR = fileURLToPath(new URL('./load-child.mjs', import.meta.url));

const folder = mkdtempSync(join(tmpdir(), 'bench-load-'));
process.once('exit', () => rmSync(folder, { recursive: true, force: true }));

/**
 * Loads one server from a separate process, each connection sending its next request when the last
 * was answered, whatever the answer was.
 *
 * @param {import('./server.mjs').Server} server
 * @param {Shot | Shot[]} shots   Several are sent in turn.
 * @param {{ requests: number } | { seconds: number }} length
 * @param {{ connections?: number, core?: string | null }} [options]
 * @returns {Promise<LoadResult>}
 */
export async function load({ port }, shots, length, { connections = 32, core = LOAD_CORE } = {}) {
  const plan = join(folder, 'plan.json');
  writeFileSync(plan, JSON.stringify({ port, shots: [shots].flat(), connections, ...length }));
  return JSON.parse(await collect([process.execPath, GENERATOR, plan], core ?? undefined));
}

/** Runs a command pinned to the load's core and gives what it printed. */
export function collect(command, core = LOAD_CORE) {
  const [file, ...args] = pinned(command, core);
  return new Promise((resolve, reject) => {
    const child = spawn(file, args, { stdio: ['ignore', 'pipe', 'pipe'] });
    const stop = () => child.kill('SIGKILL');
    process.once('exit', stop);
    let output = '';
    let errors = '';
    child.stdout.on('data', (chunk) => (output += chunk));
    child.stderr.on('data', (chunk) => (errors += chunk));
    child.once('error', reject);
    child.once('close', (code) => {
      process.removeListener('exit', stop);
      if (code === 0) resolve(output);
      else reject(new Error(`${args.join(' ')} ended with ${code}:\n${errors}${output}`));
    });
  });
}
