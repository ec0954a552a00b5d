// The load where wrk is not installed: a process of its own, so that it can be pinned.
import { readFileSync } from 'node:fs';
import autocannon from 'autocannon';

const { origin, shots, connections, seconds } = JSON.parse(readFileSync(process.argv[2], 'utf8'));
const result = await autocannon({
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
const requests = result['2xx'] + result.non2xx;
console.log(
  JSON.stringify({
    rate: requests / result.duration,
    requests,
    failed: result.non2xx + result.errors + result.timeouts,
    p50: result.latency.p50,
    p99: result.latency.p99,
  }),
);
