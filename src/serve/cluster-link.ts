import cluster from 'node:cluster';
import { register } from 'prom-client';
import { ServingError } from '../errors/index.js';
import type { DrainOptions } from '../lifecycle/drain.js';
import { SharedWork } from '../metrics/index.js';
import type { FleetState } from './fleet-state.js';
import { seal, unseal, type FromPrimary, type FromWorker } from './messages.js';
import { BEAT_INTERVAL } from './pulse.js';
import type { Service } from './service.js';

/** How long the primary has to answer with the metrics of all workers, in milliseconds. */
const ANSWER_TIMEOUT = 3000;

/** Marks the processes that {@link serve} forks: an app may run node:cluster for itself. */
export const WORKER_MARK = 'MODEL_SERVING_WORKER';

/** What a worker process knows of the others, through the primary. */
export interface ClusterLink {
  /**
   * The metrics of all workers as Prometheus text: counters and histograms summed, those of workers
   * that have gone included; gauges by their `aggregator`. Collected once for all who ask meanwhile.
   *
   * @throws ServingError `Unavailable` if the primary does not answer.
   */
  metrics(): Promise<string>;
  /** The workers as the primary last told of them. One about to be replaced stands in for its successor. */
  readonly fleet: FleetState;
  /** Tells the others whether this worker is ready. One that never tells is ready once it listens. */
  reportReady(ready: boolean): void;
  /** Tells the others with every heartbeat what `ready` says. */
  followReadiness(ready: () => boolean): void;
}

let link: WorkerLink | undefined;

/** The link of this process to the other workers; `undefined` where `serve()` runs a single process. */
export function clusterLink(): WorkerLink | undefined {
  if (link === undefined && cluster.isWorker && process.env[WORKER_MARK] !== undefined)
    link = new WorkerLink();
  return link;
}

/** A worker's end of the channel to the primary. */
export class WorkerLink implements ClusterLink {
  readonly #waiting = new Map<number, (text: string) => void>();
  readonly #metrics = new SharedWork(() => this.#askForMetrics());
  #nextId = 0;
  #fleet: FleetState = { ready: false, readyWorkers: 0, workers: 0 };
  #ready: (() => boolean) | undefined;
  #onFleet: (() => void) | undefined;
  #onHangUp: (() => void) | undefined;
  #onDrain: ((options: Partial<DrainOptions>) => void) | undefined;

  constructor() {
    setInterval(() => this.#beat(), BEAT_INTERVAL).unref();
    process.on('message', (sealed) => {
      const message = unseal<FromPrimary>(sealed);
      if (message !== undefined) this.#receive(message);
    });
    const worker = cluster.worker!;
    worker.on('disconnect', () => {
      // The primary has died. Node would exit at once, unless the worker was told to disconnect.
      worker.exitedAfterDisconnect = true;
      this.#fleet = { ...this.#fleet, ready: false };
      this.#onHangUp?.();
      this.#onDrain?.({ delay: 0 });
    });
  }

  metrics(): Promise<string> {
    return this.#metrics.run();
  }

  #askForMetrics(): Promise<string> {
    const id = this.#nextId++;
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#waiting.delete(id);
        reject(
          new ServingError(
            'Unavailable',
            'The primary process did not answer with the metrics of all workers',
          ),
        );
      }, ANSWER_TIMEOUT);
      this.#waiting.set(id, (text) => {
        clearTimeout(timer);
        this.#waiting.delete(id);
        resolve(text);
      });
      const { contentType } = register;
      void this.#send({ kind: 'metrics-wanted', id, contentType });
    });
  }

  get fleet(): FleetState {
    return this.#fleet;
  }

  reportReady(ready: boolean): void {
    void this.#send({ kind: 'ready', ready });
  }

  followReadiness(ready: () => boolean): void {
    this.#ready = ready;
  }

  /** Resolves when this worker knows whether the others are ready. */
  join(): Promise<void> {
    return new Promise((resolve) => {
      this.#onFleet = resolve;
      void this.#send({ kind: 'joined' });
    });
  }

  /** Calls `listener` when this worker shall drain and exit. */
  onDrain(listener: (options: Partial<DrainOptions>) => void): void {
    this.#onDrain = listener;
  }

  reportListening(service: Service): void {
    void this.#send({ kind: 'listening', service });
  }

  /** Tells that this worker has stopped listening; resolves when its clients may be told to leave. */
  async reportDeaf(): Promise<void> {
    const hungUp = new Promise<void>((resolve) => (this.#onHangUp = resolve));
    // Node's own word that the worker no longer listens goes ahead of this one on the channel.
    await this.#send({ kind: 'deaf' });
    if (process.connected) {
      const overdue = setTimeout(this.#onHangUp!, ANSWER_TIMEOUT);
      await hungUp;
      clearTimeout(overdue);
    }
  }

  /** Leaves the counts of this worker to the primary, so that sums over all do not go backwards. */
  async sayFarewell(): Promise<void> {
    await this.#send({ kind: 'farewell', metrics: await register.getMetricsAsJSON() });
  }

  #receive(message: FromPrimary): void {
    switch (message.kind) {
      case 'fleet':
        this.#fleet = message.state;
        this.#onFleet?.();
        break;
      case 'snapshot-wanted':
        void this.#answer(message.id);
        break;
      case 'metrics':
        this.#waiting.get(message.id)?.(message.text);
        break;
      case 'hang-up':
        this.#onHangUp?.();
        break;
      case 'drain':
        this.#onDrain?.(message.options);
        break;
    }
  }

  #beat(): void {
    if (this.#ready !== undefined) this.reportReady(this.#ready());
    else void this.#send({ kind: 'alive' });
  }

  async #answer(id: number): Promise<void> {
    await this.#send({ kind: 'snapshot', id, metrics: await register.getMetricsAsJSON() });
  }

  /** Resolves when the message is on its way, also if nobody is there to read it. */
  #send(message: FromWorker): Promise<void> {
    return new Promise((resolve) => {
      if (!process.connected) resolve();
      else process.send!(seal(message), undefined, undefined, () => resolve());
    });
  }
}
