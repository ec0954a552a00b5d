import { MessageChannel, type MessagePort } from 'node:worker_threads';
import { carryContext } from '../../tracing/registered-sdk.js';
import type { ThreadPool } from './thread-pool.js';

/** What host.mjs sends for an item that it is asked for. */
interface Step {
  readonly done?: boolean;
  readonly value?: unknown;
}

/**
 * Runs the module's default export in a thread, and brings what it yields over here: an item when it is
 * asked for, and none ahead. Where `signal` is aborted while the thread works at an item, the thread ends
 * with it; otherwise what the module does in `finally` is waited for.
 */
export async function* streamFrom(
  pool: ThreadPool,
  input: unknown,
  signal: AbortSignal | undefined,
  transferList: readonly (ArrayBuffer | MessagePort)[],
): AsyncGenerator<unknown, void, void> {
  const { port1: port, port2 } = new MessageChannel();
  const working = new AbortController();
  const abort = () => working.abort();
  let arrived!: (step: Step) => void;
  let failed: (error: unknown) => void = () => {};
  let death: unknown;
  port.on('message', (step: Step) => arrived(step));
  const call = {
    name: 'stream',
    signal: working.signal,
    transferList: [port2, ...transferList] as ArrayBuffer[],
  };
  const ended = pool
    .run({ input, trace: carryContext(), port: port2 }, call)
    .catch((error: unknown) => {
      death = error;
      failed(error);
    });
  try {
    for (;;) {
      signal?.throwIfAborted();
      if (death !== undefined) throw death;
      signal?.addEventListener('abort', abort);
      const { done, value } = await new Promise<Step>((resolve, reject) => {
        arrived = resolve;
        failed = reject;
        port.postMessage('next');
      });
      signal?.removeEventListener('abort', abort);
      if (done) return;
      yield value;
    }
  } finally {
    signal?.removeEventListener('abort', abort);
    port.postMessage('return');
    await ended;
    port.close();
  }
}
