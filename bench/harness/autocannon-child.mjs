// The load where wrk is not installed: a process of its own, so that it can be pinned.
import { readFileSync } from 'node:fs';
import autocannon from 'autocannon';
import { quantile } from './statistics.mjs';

const { origin, shots, connections, seconds } = JSON.parse(readFileSync(process.argv[2], 'utf8'));

/** Its own histogram counts whole milliseconds, too coarse for a server that answers in less. */
const latencies = [];

const run = autocannon({
  url: origin,
  connections,
  duration: seconds,
  timeout: 30,
  requests: shots.map(({ path, body }) => ({
    method: 'POST',
    path,
    body,
    headers: { 'content-type': 'application/json' },
  })),
});
run.on('response', (_client, _status, _bytes, milliseconds) => latencies.push(milliseconds));
const result = await run;
const requests = result['2xx'] + result.non2xx;
console.log(
  JSON.stringify({
    rate: requests / result.duration,
    requests,
    failed: result.non2xx + result.errors + result.timeouts,
    p50: quantile(latencies, 0.5),
    p99: quantile(latencies, 0.99),
  }),
);
