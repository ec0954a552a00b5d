// node bench/streams.mjs: what a stream costs beside node:http by hand, and what clients that do not read
// cost in memory. Needs `npm run compile`.
import { once } from 'node:events';
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { packServers } from './harness/package.mjs';
import { ADAPTERS, compiled } from './harness/peers.mjs';
import { start } from './harness/server.mjs';
import { median } from './harness/statistics.mjs';

const ROUNDS = 7;
const IDLE_CLIENTS = 200;
const LOADS = [
  ['items of 20 bytes', { count: 200_000, size: 20 }],
  ['items of 1 KB', { count: 50_000, size: 1_000 }],
  ['items of 1 MB', { count: 200, size: 1_000_000 }],
];

packServers();
const servers = [
  await start(compiled('node:http by hand', 'streams-by-hand')),
  ...(await Promise.all(
    ADAPTERS.map(([adapter, name]) => start(compiled(name, 'streams', { ADAPTER: adapter }))),
  )),
];

const rows = [];
for (const [what, input] of LOADS) {
  const rounds = [];
  for (const server of servers) await measure(server, input); // to warm it
  for (let round = 0; round < ROUNDS; round++) {
    const figures = [];
    const order = round % 2 ? servers.toReversed() : servers;
    for (const server of order) figures[servers.indexOf(server)] = await measure(server, input);
    rounds.push(figures);
  }
  const share = (i, figure) => median(rounds.map((round) => round[i][figure] / round[0][figure]));
  for (const [i, { name }] of servers.entries()) {
    rows.push({
      what,
      server: name,
      'items a second': Math.round(median(rounds.map((round) => round[i].rate))),
      'rate, of that by hand': share(i, 'rate').toFixed(2),
      'processor time, of that by hand': share(i, 'cpu').toFixed(2),
    });
  }
}
console.table(rows);

const memory = [];
for (const server of servers) {
  for (const [what, { size }] of LOADS) {
    const before = await server.liveMemory();
    const sockets = Array.from({ length: IDLE_CLIENTS }, () =>
      ask(server, { count: 1e9, size }).pause(),
    );
    await rest(server);
    const during = await server.liveMemory();
    for (const socket of sockets) socket.destroy();
    await rest(server);
    const kibibytes = (one) => Math.max(0, Math.round(grown(before, one) / 1024 / IDLE_CLIENTS));
    memory.push({
      server: server.name,
      what,
      'KiB a client': kibibytes(during),
      'and after it': kibibytes(await server.liveMemory()),
    });
  }
}
console.table(memory);
for (const server of servers) await server.stop();

/** Waits until the server does nothing any more. */
async function rest(server) {
  for (let before = -1, used = 0; used - before > 0.02;) {
    before = used;
    await sleep(1_000);
    used = await server.cpuSeconds();
  }
}

/** Bytes that are alive: bytes in buffers are `external` as well, but for those that Node has still to send. */
function grown(before, after) {
  const more = (what) => after[what] - before[what];
  return more('heapUsed') + Math.max(more('external'), more('arrayBuffers'));
}

/** One stream, read to its end. */
async function measure(server, input) {
  const cpu = await server.cpuSeconds();
  const began = performance.now();
  const socket = ask(server, input);
  socket.resume();
  await once(socket, 'close');
  const seconds = (performance.now() - began) / 1_000;
  return { rate: input.count / seconds, cpu: (await server.cpuSeconds()) - cpu };
}

function ask({ port }, input) {
  const socket = connect(port, '127.0.0.1');
  const body = JSON.stringify(input);
  socket.on('error', () => {});
  socket.write(
    `POST /items HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
  );
  return socket;
}
