import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect, createServer, type AddressInfo } from 'node:net';

/** A Redis that belongs to one test. */
export interface RedisServer {
  readonly url: string;
  readonly port: number;
  readonly pid: number;
  /** Sends a signal; for one that ends the server, resolves when it has ended. */
  kill(signal: NodeJS.Signals): Promise<void>;
  /** SIGSTOP: connections stay open and nothing answers. */
  pause(): void;
  /** SIGCONT. */
  resume(): void;
  /** Ends it, whatever state it is in. */
  stop(): Promise<void>;
}

/** Why tests that need a Redis are skipped, or `false`. */
export const redisMissing: string | false = findRedis();

function findRedis(): string | false {
  try {
    execFileSync('redis-server', ['--version'], { stdio: 'ignore' });
    return false;
  } catch {
    return 'redis-server is not installed';
  }
}

/** A port of 127.0.0.1 that nobody listens on. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

/**
 * Starts an empty Redis that writes nothing to disk, and waits until it answers.
 *
 * @param options.directory where it is to keep its append-only file instead, and to find one
 */
export async function startRedis(
  options: { port?: number; directory?: string } = {},
): Promise<RedisServer> {
  const port = options.port ?? (await freePort());
  const { directory } = options;
  const kept = directory === undefined ? ['no'] : ['yes', '--dir', directory];
  const args = [
    '--port',
    String(port),
    '--bind',
    '127.0.0.1',
    '--save',
    '',
    '--appendonly',
    ...kept,
  ];
  const server = spawn('redis-server', args, { stdio: 'ignore' });
  const ended = once(server, 'exit');
  // A test run that dies must not leave it behind.
  const endWithUs = (): void => void server.kill('SIGKILL');
  process.once('exit', endWithUs);
  void ended.then(() => process.off('exit', endWithUs));

  const redis: RedisServer = {
    url: `redis://127.0.0.1:${port}`,
    port,
    pid: server.pid!,
    kill: async (signal) => {
      server.kill(signal);
      if (signal !== 'SIGSTOP' && signal !== 'SIGCONT') await ended;
    },
    pause: () => void server.kill('SIGSTOP'),
    resume: () => void server.kill('SIGCONT'),
    stop: async () => {
      // SIGKILL ends a stopped process too.
      if (server.exitCode === null && server.signalCode === null) await redis.kill('SIGKILL');
    },
  };
  await Promise.race([
    answers(port),
    ended.then(() => Promise.reject(new Error('redis-server ended before it answered'))),
  ]);
  return redis;
}

async function answers(port: number): Promise<void> {
  for (const end = Date.now() + 10_000; Date.now() < end;) {
    if (await ping(port)) return;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  throw new Error(`redis-server does not answer on port ${port}`);
}

function ping(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => socket.write('PING\r\n'));
    socket.setTimeout(1_000);
    const end = (answered: boolean) => () => {
      socket.destroy();
      resolve(answered);
    };
    socket.once('data', end(true)).once('error', end(false)).once('timeout', end(false));
  });
}
