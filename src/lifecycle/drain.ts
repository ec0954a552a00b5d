import { Logger } from '@nestjs/common';
import type { AbstractHttpAdapter } from '@nestjs/core';
import type { Server } from 'node:http';
import type { Http2Server } from 'node:http2';
import type { Socket } from 'node:net';
import { Server as TlsServer } from 'node:tls';
import { setImmediate, setTimeout } from 'node:timers/promises';
import type { ConnectionSet } from './connection-set.js';
import { Connections } from './connections.js';
import { drainDelayFrom } from './drain-delay.js';
import { Handshakes } from './handshakes.js';
import { Http2Sessions } from './http2-sessions.js';

/** How long calls that are cut have to send their last answer, in milliseconds. */
const CUT_GRACE = 250;

export interface DrainOptions {
  /**
   * How long requests are served as before once the app is no longer ready, in milliseconds.
   * @default the environment's `DRAIN_DELAY_MS`, or 0
   */
  readonly delay: number;
  /**
   * How long, after that, requests have to finish before they are cut, in milliseconds.
   * @default 30_000
   */
  readonly timeout: number;
  /**
   * How long a connection must have been silent before it is closed as idle, in milliseconds. A busy
   * client sends its next request, and learns with the answer that the connection ends, within a few;
   * the default allows for one whose machine is overloaded.
   * @default 1000
   */
  readonly quietPeriod: number;
  /**
   * Whether the app stops being ready when the drain begins. A worker process whose successor already
   * listens on the same port has nothing to announce: the service goes on.
   * @default true
   */
  readonly announced: boolean;
}

/**
 * How an app stops without losing a request it has accepted:
 *
 * 1. `onBegin` hooks: readiness turns 503. For `delay` everything is served as before, while load
 *    balancers notice.
 * 2. The server stops listening; where it shares its port with other processes, it waits until they have
 *    closed it too, or will go on listening. Then each open connection ends with the answer to its last
 *    request, which says `Connection: close`, or as it falls idle; requests that still arrive are served.
 * 3. After `timeout`, `onCut` hooks fail what is queued or running, and the connections are cut.
 *
 * It runs before any `onModuleDestroy`, whatever asked the app to close, so that models and stores are
 * released only when nobody needs them any more: Nest 12 awaits the adapter's `beforeClose` there, and
 * for Nest 11, which has none, `DrainModule` is the first to be destroyed.
 */
export class Drain {
  static readonly #drains = new WeakMap<AbstractHttpAdapter, Drain>();

  /** Those of the app's HTTP server first. */
  readonly #connections: ConnectionSet[];
  readonly #handshakes: Handshakes | undefined;
  #onAccepting: (() => void) | undefined;
  readonly #beginHooks: (() => void)[] = [];
  readonly #cutHooks: (() => void)[] = [];
  #options: DrainOptions = {
    delay: drainDelayFrom(process.env),
    timeout: 30_000,
    quietPeriod: 1000,
    announced: true,
  };
  #afterListening: (() => Promise<void>) | undefined;
  #run: Promise<void> | undefined;

  private constructor(adapter: AbstractHttpAdapter) {
    const server: Server | Http2Server = adapter.getHttpServer();
    this.#connections = [
      'closeIdleConnections' in server ? new Connections(server) : new Http2Sessions(server),
    ];
    if ((server as object) instanceof TlsServer) {
      this.#handshakes = new Handshakes(server as unknown as TlsServer);
    }
    server.once('listening', () => this.#accept());
    const beforeClose: (() => unknown) | undefined = adapter.beforeClose?.bind(adapter);
    adapter.beforeClose = async () => {
      await this.begin();
      await beforeClose?.();
    };
  }

  /** The drain of an app; the first call, which must come before the app listens, installs it. */
  static for(adapter: AbstractHttpAdapter): Drain {
    let drain = Drain.#drains.get(adapter);
    if (drain === undefined) {
      drain = new Drain(adapter);
      Drain.#drains.set(adapter, drain);
    }
    return drain;
  }

  /** The drain of an app that has one: an app that never became a server has none. */
  static installedIn(adapter: AbstractHttpAdapter | undefined): Drain | undefined {
    return adapter && Drain.#drains.get(adapter);
  }

  /** Whether the app has begun to stop. */
  get begun(): boolean {
    return this.#run !== undefined;
  }

  configure(options: Partial<DrainOptions>): void {
    this.#options = { ...this.#options, ...options };
  }

  /** Those that have been added to the app's own. */
  get added(): readonly ConnectionSet[] {
    return this.#connections.slice(1);
  }

  /** Drains the connections of another server along with those of the app's own. */
  add(connections: ConnectionSet): void {
    this.#connections.push(connections);
    if (connections.listening) this.#accept();
  }

  /** Leaves a connection of the app's HTTP server to whoever speaks another protocol on it. */
  forget(socket: Socket): void {
    const [ofApp] = this.#connections;
    if (ofApp instanceof Connections) ofApp.forget(socket);
  }

  /** Calls `hook` at the moment from which on connections are accepted, on whichever port. */
  onAccepting(hook: () => void): void {
    this.#onAccepting = hook;
  }

  /** Calls `hook` when the app begins to stop and is no longer ready. */
  onBegin(hook: () => void): void {
    this.#beginHooks.push(hook);
  }

  /** Calls `hook` when what is left is about to be cut: the last moment to answer it. */
  onCut(hook: () => void): void {
    this.#cutHooks.push(hook);
  }

  /**
   * Awaits `wait` once the server has stopped listening, before any client is told to leave: one that
   * is told connects anew, and must not find a socket on which nobody answers.
   */
  waitAfterListening(wait: () => Promise<void>): void {
    this.#afterListening = wait;
  }

  /** Drains, once; later calls wait for the same end. */
  begin(): Promise<void> {
    this.#run ??= this.#drain();
    return this.#run;
  }

  #accept(): void {
    const hook = this.#onAccepting;
    this.#onAccepting = undefined;
    hook?.();
  }

  async #drain(): Promise<void> {
    const { delay, timeout, quietPeriod, announced } = this.#options;
    if (announced) call(this.#beginHooks);
    const sets = this.#connections;
    if (!sets.some(({ listening }) => listening)) return;
    if (delay > 0) await setTimeout(delay);
    // Connections that wait to be accepted are reset when a server stops listening; the poll phase,
    // which has just been, has accepted all of them.
    await setImmediate();
    const timer = new AbortController();
    for (const set of sets) if (set.listening) set.stopListening();
    await this.#afterListening?.();
    const closed = this.#close(quietPeriod);
    const expired = setTimeout(timeout, 'expired', { signal: timer.signal }).catch(() => undefined);
    if ((await Promise.race([closed, expired])) === 'expired') {
      call(this.#cutHooks);
      await Promise.race([
        closed,
        setTimeout(CUT_GRACE, undefined, { signal: timer.signal }).catch(() => undefined),
      ]);
      for (const set of sets) set.destroy();
      await closed;
    }
    timer.abort();
  }

  async #close(quietPeriod: number): Promise<void> {
    // Who shakes hands may yet become a connection that is to be told.
    await this.#handshakes?.end(quietPeriod);
    await Promise.all(this.#connections.map((set) => set.close(quietPeriod)));
  }
}

function call(hooks: readonly (() => void)[]): void {
  for (const hook of hooks) {
    try {
      hook();
    } catch (error) {
      new Logger(Drain.name).error('A hook failed; the drain goes on', error);
    }
  }
}
