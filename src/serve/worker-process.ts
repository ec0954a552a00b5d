import cluster, { type Worker } from 'node:cluster';
import type { DrainOptions } from '../lifecycle/drain.js';
import { WORKER_MARK } from './cluster-link.js';
import { endUndeliveredConnections } from './handed-connections.js';
import {
  seal,
  unseal,
  type FromPrimary,
  type FromWorker,
  type MetricsSnapshot,
} from './messages.js';
import { Pulse } from './pulse.js';
import type { Service } from './service.js';

/** What a worker process has to say to whoever supervises it. */
export interface WorkerListener {
  /** The worker hears what it is sent from now on. */
  onJoined(worker: WorkerProcess): void;
  onReadiness(worker: WorkerProcess): void;
  onMetricsWanted(worker: WorkerProcess, id: number, contentType: string): void;
  onSnapshot(worker: WorkerProcess, id: number): void;
  /** The worker has stopped listening. */
  onDeaf(worker: WorkerProcess): void;
  /** The worker will count no more; `worker.snapshot` is the last that is known of its metrics. */
  onGone(worker: WorkerProcess): void;
}

/** One forked process, as the primary sees it. */
export class WorkerProcess {
  readonly #worker: Worker;
  readonly #listener: WorkerListener;
  readonly #pulse = new Pulse();
  #listening = false;
  #reported: boolean | undefined;
  #readySince: number | undefined;
  #deaf = false;
  #gone = false;
  #resolveStarted!: (started: boolean) => void;
  /** What it serves; `undefined` until it listens. */
  service: Service | undefined;
  /** The last metrics this worker has sent. */
  snapshot: MetricsSnapshot = [];
  /** Whether the worker became ready; `false` if it exited before. */
  readonly started: Promise<boolean>;
  /** How the process ended: `code 1` or `signal SIGKILL`. */
  readonly exited: Promise<string>;

  constructor(listener: WorkerListener) {
    this.#listener = listener;
    this.#worker = cluster.fork({ [WORKER_MARK]: '1' });
    endUndeliveredConnections(this.#worker);
    this.started = new Promise((resolve) => (this.#resolveStarted = resolve));
    this.exited = new Promise((resolve) => {
      this.#worker.once('exit', (code: number | null, signal: string | null) => {
        this.#resolveStarted(false);
        this.#leave();
        resolve(signal === null ? `code ${code}` : `signal ${signal}`);
      });
    });
    this.#worker.on('message', (sealed: unknown) => {
      const message = unseal<FromWorker>(sealed);
      if (message !== undefined) this.#receive(message);
    });
    // Sending to a process that has just died is no failure of the primary's.
    this.#worker.on('error', () => undefined);
  }

  get pid(): number | undefined {
    return this.#worker.process.pid;
  }

  /** Whether the worker listens and has not said that it is not ready. */
  get ready(): boolean {
    return !this.#gone && this.#listening && this.#reported !== false;
  }

  /** Whether the worker has ever listened. Before that it has counted nothing, and hears nothing. */
  get listened(): boolean {
    return this.#listening;
  }

  /** Whether the worker has stopped listening. */
  get deaf(): boolean {
    return this.#deaf || this.#gone;
  }

  /** Whether the worker will count no more. */
  get gone(): boolean {
    return this.#gone;
  }

  /** For how long it has been ready, in milliseconds; `undefined` if it never was. */
  get readyFor(): number | undefined {
    return this.#readySince === undefined ? undefined : performance.now() - this.#readySince;
  }

  /** How long it has given no sign of life, in seconds. */
  get silence(): number {
    return this.#pulse.silence;
  }

  /** Asked at every beat: whether the worker hangs. */
  hangs(): boolean {
    return this.#pulse.due();
  }

  send(message: FromPrimary): void {
    if (this.#worker.isConnected()) this.#worker.send(seal(message));
  }

  /**
   * Drains the worker. One that does not listen yet has accepted nothing, and may be deaf to messages:
   * it is ended by the signal, which it handles only later.
   */
  drain(options: Partial<DrainOptions>): void {
    this.send({ kind: 'drain', options });
    if (!this.#listening) this.#worker.process.kill('SIGTERM');
  }

  /** Ends the process at once. */
  kill(): void {
    this.#worker.process.kill('SIGKILL');
  }

  #receive(message: FromWorker): void {
    this.#pulse.felt();
    switch (message.kind) {
      case 'joined':
        this.#listener.onJoined(this);
        break;
      case 'listening':
        this.#listening = true;
        this.service = message.service;
        this.#pulse.serves();
        this.#readinessChanged();
        break;
      case 'ready':
        if (this.#reported === message.ready) break;
        this.#reported = message.ready;
        this.#readinessChanged();
        break;
      case 'metrics-wanted':
        this.#listener.onMetricsWanted(this, message.id, message.contentType);
        break;
      case 'snapshot':
        this.snapshot = message.metrics;
        this.#listener.onSnapshot(this, message.id);
        break;
      case 'deaf':
        this.#deaf = true;
        this.#listener.onDeaf(this);
        break;
      case 'farewell':
        this.snapshot = message.metrics;
        this.#leave();
        break;
    }
  }

  #readinessChanged(): void {
    if (this.ready) {
      this.#readySince ??= performance.now();
      this.#resolveStarted(true);
    }
    this.#listener.onReadiness(this);
  }

  #leave(): void {
    if (this.#gone) return;
    this.#gone = true;
    this.#listener.onGone(this);
  }
}
