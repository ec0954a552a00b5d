import { ModelEndpoint } from 'nestjs-model-serving';
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { connect, createServer, type AddressInfo } from 'node:net';
import { expect, it, onTestFinished } from 'vitest';
import { startRedis, type RedisServer } from '../redis-server.js';
import { apart, locationOf, startJobs } from './job-app.js';

@ModelEndpoint('/double', undefined, { jobs: true })
class Doubler {
  predict({ x }: { x: number }) {
    return { x: 2 * x };
  }
}

/** An address that leads new connections to another Redis when it is told to; those there are stay. */
async function openAddress(redis: RedisServer) {
  let { port } = redis;
  const server = createServer((socket) => {
    const toRedis = connect(port, '127.0.0.1');
    socket.pipe(toRedis).pipe(socket);
    for (const end of [socket, toRedis]) {
      end.on('error', () => undefined).on('close', () => [socket, toRedis].map((s) => s.destroy()));
    }
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => void server.close());
  return {
    url: `redis://127.0.0.1:${(server.address() as AddressInfo).port}`,
    moveTo: (other: RedisServer) => void ({ port } = other),
  };
}

const cli = ({ port }: RedisServer, ...args: string[]) =>
  String(execFileSync('redis-cli', ['-p', String(port), ...args]));

/** Starts an app whose jobs are in one Redis, and waits until it has those of another one, at the same address. */
async function failOver(fail: (before: RedisServer) => void) {
  const [before, after] = await Promise.all([startRedis(), startRedis()]);
  onTestFinished(async () => void (await Promise.all([before.stop(), after.stop()])));
  const address = await openAddress(before);
  const options = apart(address.url);
  const { submit, ended } = await startJobs('fastify', { controllers: [Doubler] }, options);
  await ended(locationOf(await submit('/double', { x: 1 })));
  address.moveTo(after);
  fail(before);
  const isTaken = async () => (await submit('/double', { x: 1 })).status === 202;
  await expect.poll(isTaken, { timeout: 60_000 }).toBe(true);
  expect((await ended(locationOf(await submit('/double', { x: 2 })))).state).toBe('succeeded');
  return after;
}

it('follows its address to another Redis where the one before has become a replica', async () => {
  await failOver((before) => cli(before, 'replicaof', '127.0.0.1', '1'));
});

it('follows its address to another Redis where the one before is silent', async () => {
  const after = await failOver((before) => before.pause());
  const channels = () => cli(after, 'pubsub', 'channels').trim();
  await expect.poll(channels, { timeout: 60_000 }).toMatch(/:news$/);
});
