import { readdir, readlink } from 'node:fs/promises';
import { connect, type Socket } from 'node:net';
import { once } from 'node:events';
import { expect, it, vi } from 'vitest';
import { Fleet } from './fleet.js';

// Processes take their time to start on a busy machine.
vi.setConfig({ testTimeout: 60_000 });

it('ends the connections that were on their way to a killed worker, and keeps none of them', async () => {
  const fleet = await Fleet.start(3);
  const port = await fleet.port();
  await fleet.printed(/all ready/);
  const before = await openSockets(fleet.pid);
  for (const victim of new Set(await fleet.pids(3))) {
    process.kill(victim, 'SIGSTOP');
    // One connection a worker is on its way at a time, so that of three one is the victim's.
    const clients = await Promise.all([0, 1, 2].map(() => ask(port)));
    const ends = Promise.all(clients.map(ended));
    await vi.waitUntil(async () => clients.filter(({ bytesRead }) => bytesRead > 0).length === 2, {
      timeout: 30_000,
    });
    process.kill(victim, 'SIGKILL');
    await ends;
    await fleet.printed(new RegExp(`Worker ${victim} ended with signal SIGKILL`));
  }
  await fleet.printed(/port \d+ of/, 6);
  await vi.waitUntil(async () => (await openSockets(fleet.pid)) === before, { timeout: 30_000 });
  fleet.kill('SIGTERM');
  expect(await fleet.exited).toEqual({ code: 0, signal: null });
});

/** A client that has sent its only request. */
async function ask(port: number): Promise<Socket> {
  const socket = connect(port, '127.0.0.1').on('error', () => undefined);
  await once(socket, 'connect');
  socket.write('GET /pid HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n');
  return socket.resume();
}

function ended(socket: Socket): Promise<void> {
  return new Promise((resolve) => socket.once('close', () => resolve()));
}

/** How many sockets and pipes a process holds. */
async function openSockets(pid: number): Promise<number> {
  const directory = `/proc/${pid}/fd`;
  const links = await Promise.all(
    (await readdir(directory)).map((fd) => readlink(`${directory}/${fd}`).catch(() => '')),
  );
  return links.filter((link) => link.startsWith('socket:')).length;
}
