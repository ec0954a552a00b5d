import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { find, LOAD_CORE, pinned } from './machine.mjs';

/**
 * @typedef {object} Shot   One request of a load.
 * @property {string} path
 * @property {string} body
 */

/**
 * @typedef {object} LoadResult
 * @property {number} rate      Answers a second.
 * @property {number} requests
 * @property {number} failed    Answers of 400 and above, and broken connections.
 * @property {number} p50       Milliseconds.
 * @property {number} p99       Milliseconds.
 */

const wrk = find('wrk');
export const GENERATOR = wrk ? 'wrk' : 'autocannon';

const folder = mkdtempSync(join(tmpdir(), 'bench-load-'));
process.once('exit', () => rmSync(folder, { recursive: true, force: true }));

/**
 * Loads one server from a separate process for some seconds, each connection sending its next
 * request when the last was answered.
 *
 * @param {string} origin
 * @param {Shot | Shot[]} shots   Several are sent in turn.
 * @param {{ connections?: number, seconds?: number, core?: string | null }} [options]
 * @returns {Promise<LoadResult>}
 */
export function load(origin, shots, { connections = 32, seconds = 1, core = LOAD_CORE } = {}) {
  const list = Array.isArray(shots) ? shots : [shots];
  const run = wrk ? runWrk : runAutocannon;
  return run(origin, list, connections, seconds, core ?? undefined);
}

async function runWrk(origin, shots, connections, seconds, core) {
  const script = join(folder, 'load.lua');
  writeFileSync(script, luaScript(shots));
  const output = await collect(
    [wrk, '-t1', `-c${connections}`, `-d${seconds}s`, '--timeout', '30s', '-s', script, origin],
    core,
  );
  const line = output.split('\n').find((text) => text.startsWith('RESULT '));
  if (!line) throw new Error(`wrk printed no result:\n${output}`);
  const { requests, micros, failed, p50, p99 } = JSON.parse(line.slice(7));
  return { rate: requests / (micros / 1e6), requests, failed, p50: p50 / 1e3, p99: p99 / 1e3 };
}

function luaScript(shots) {
  const formatted = shots.map(
    ({ path, body }) =>
      `  requests[#requests + 1] = wrk.format("POST", ${lua(path)}, headers, ${lua(body)})`,
  );
  return `
local requests, turn = {}, 0
function init()
  local headers = { ["Content-Type"] = "application/json" }
${formatted.join('\n')}
end
function request()
  turn = turn % #requests + 1
  return requests[turn]
end
function done(summary, latency)
  local e = summary.errors
  print(string.format(
    'RESULT {"requests":%d,"micros":%d,"failed":%d,"p50":%f,"p99":%f}',
    summary.requests, summary.duration, e.status + e.connect + e.read + e.write + e.timeout,
    latency:percentile(50), latency:percentile(99)))
end
`;
}

/** A Lua string literal: every byte that could end or alter it goes as a decimal escape. */
function lua(text) {
  const bytes = Buffer.from(text, 'utf8');
  let literal = '"';
  for (const byte of bytes) {
    const plain = byte >= 0x20 && byte < 0x7f && byte !== 0x22 && byte !== 0x5c;
    literal += plain ? String.fromCharCode(byte) : `\\${String(byte).padStart(3, '0')}`;
  }
  return `${literal}"`;
}

const AUTOCANNON = fileURLToPath(new URL('./autocannon-child.mjs', import.meta.url));

async function runAutocannon(origin, shots, connections, seconds, core) {
  const plan = join(folder, 'plan.json');
  writeFileSync(plan, JSON.stringify({ origin, shots, connections, seconds }));
  return JSON.parse(await collect([process.execPath, AUTOCANNON, plan], core));
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
