import { fileURLToPath } from 'node:url';
import { collect } from './load.mjs';

const CHILD = fileURLToPath(new URL('./traffic-child.mjs', import.meta.url));

/**
 * @typedef {object} Traffic
 * @property {string} origin
 * @property {string} path
 * @property {string} [body]         POSTed; GET without one.
 * @property {number} [rate]         Requests a second, sent whether or not answers come (open loop).
 * @property {number} [connections]  Or: each connection sends when its last was answered.
 * @property {number} seconds
 * @property {boolean} [probe]       With `rate`: each on a new connection, as an orchestrator's, and all
 *   that were due within `seconds` count, however late their answer.
 * @property {number} [settle]       Seconds at the start that do not count. Default 0.5.
 */

/**
 * @typedef {object} Class
 * @property {number} count
 * @property {number} rate  A second, within the time that counts.
 * @property {number} p50   Milliseconds from the moment the request was due.
 * @property {number} p99
 * @property {number} max
 */

/**
 * Sends traffic from a process of its own and sorts the answers by status.
 *
 * @param {Traffic} plan
 * @returns {Promise<Record<string, Class>>}  By status; 'error' for broken connections.
 */
export async function traffic(plan) {
  return JSON.parse(await collect([process.execPath, CHILD, JSON.stringify(plan)]));
}
