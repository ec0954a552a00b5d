import { Agent, request } from 'node:http';
import { performance } from 'node:perf_hooks';
import { quantile } from './statistics.mjs';

const {
  origin,
  path,
  body,
  rate,
  connections,
  seconds,
  probe = false,
  settle = 0.5,
} = JSON.parse(process.argv[2]);
const agent = new Agent({ keepAlive: !probe });
const options = {
  agent,
  method: body === undefined ? 'GET' : 'POST',
  headers: body === undefined ? {} : { 'content-type': 'application/json' },
};

/** How long the last probes are waited for, milliseconds. */
const PATIENCE = 10_000;

/** @type {Map<string, number[]>} */
const latencies = new Map();
const began = performance.now();
const from = began + settle * 1_000;
const until = began + seconds * 1_000;

let outstanding = 0;

/** Sends one request that was due at `due`; waiting for our own timer counts as latency, too. */
function send(due, answered) {
  outstanding++;
  const finish = (status) => {
    outstanding--;
    const now = performance.now();
    // A rate is that of the answers in a time; of probes, the slowest must not fall out of it.
    const counts = probe ? due : now;
    if (counts >= from && counts < until) {
      if (!latencies.has(status)) latencies.set(status, []);
      latencies.get(status).push(now - due);
    }
    answered();
  };
  const outgoing = request(origin + path, options, (response) => {
    response.resume();
    response.once('end', () => finish(String(response.statusCode)));
  });
  outgoing.once('error', () => finish('error'));
  outgoing.end(body);
}

/** When the n-th request of an open loop, counted from 0, is due. */
const dueAt = (n) => began + (n / rate) * 1_000;

if (rate) {
  let sent = 0;
  const timer = setInterval(() => {
    const now = performance.now();
    if (now >= until) {
      if (probe && outstanding > 0 && now < until + PATIENCE) return;
      clearInterval(timer);
      report();
      return;
    }
    for (; dueAt(sent) <= now; sent++) send(dueAt(sent), () => {});
  }, 1);
} else {
  const loop = () => {
    if (performance.now() < until) send(performance.now(), loop);
  };
  for (let i = 0; i < connections; i++) loop();
  setTimeout(report, until - performance.now());
}

function report() {
  const result = {};
  for (const [status, list] of latencies) {
    result[status] = {
      count: list.length,
      rate: list.length / (seconds - settle),
      p50: quantile(list, 0.5),
      p99: quantile(list, 0.99),
      max: Math.max(...list),
    };
  }
  console.log(JSON.stringify(result));
  process.exit();
}
