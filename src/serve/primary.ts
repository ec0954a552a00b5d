import type { LoggerService } from '@nestjs/common';
import cluster from 'node:cluster';
import { SharedWork } from '../metrics/index.js';
import { FleetMetrics } from './fleet-metrics.js';
import type { FleetState } from './fleet-state.js';
import { BEAT_INTERVAL } from './pulse.js';
import type { FilledServeOptions } from './serve-options.js';
import { announce } from './service.js';
import { onTermination } from './termination.js';
import type { WorkerProcess } from './worker-process.js';
import { WorkerSlot, type SlotListener } from './worker-slot.js';

/** What a worker may take, beyond its drain, to release its models, in milliseconds. */
const RELEASE_TIMEOUT = 10_000;

/** Supervises the worker processes: it serves nothing itself. */
export class Primary implements SlotListener {
  readonly #options: FilledServeOptions;
  readonly #logger: LoggerService;
  readonly #metrics = new FleetMetrics();
  readonly #collection = new SharedWork(() => this.#collect());
  readonly #workers = new Set<WorkerProcess>();
  readonly #slots: WorkerSlot[] = [];
  readonly #allReady: Promise<void>;
  #resolveAllReady!: () => void;
  /** Whether all workers have been ready at once. */
  #complete = false;
  #announced = false;
  /** What the process ends with: 1 where a worker had to be killed, or none could start. */
  #exitCode = 0;
  #rolling: Promise<void> | undefined;
  #rollAgain = false;
  #stopping = false;

  constructor(options: FilledServeOptions, logger: LoggerService) {
    this.#options = options;
    this.#logger = logger;
    this.#allReady = new Promise((resolve) => (this.#resolveAllReady = resolve));
  }

  /** Starts the workers; resolves once all of them are ready. */
  start(): Promise<void> {
    // Keeps NaN and infinities, which gauges may hold.
    cluster.setupPrimary({ serialization: 'advanced' });
    onTermination(
      ['SIGTERM', 'SIGINT'],
      () => void this.#stop(),
      () => this.#kill(),
    );
    process.on('SIGHUP', () => this.#roll());
    setInterval(() => this.#takePulses(), BEAT_INTERVAL);
    const logger = this.#logger;
    const patience = this.#options.shutdownTimeout + RELEASE_TIMEOUT;
    for (let i = 0; i < this.#options.workers; i++)
      this.#slots.push(new WorkerSlot(this, { logger, patience }));
    return this.#allReady;
  }

  onStarted(worker: WorkerProcess, isAsked: boolean): void {
    if (!isAsked) this.#metrics.started();
    this.#workers.add(worker);
    void worker.exited.then(() => this.#workers.delete(worker));
  }

  onJoined(worker: WorkerProcess): void {
    worker.send({ kind: 'fleet', state: this.#state });
    if (this.#stopping) worker.drain({});
  }

  onReadiness(worker: WorkerProcess): void {
    const { readyWorkers, workers } = this.#state;
    if (readyWorkers === workers) {
      this.#complete = true;
      this.#resolveAllReady();
    }
    this.#tellState();
    if (worker.ready && !this.#announced) {
      this.#announced = true;
      announce(worker.service!, this.#options.jsonLogs);
    }
  }

  onMetricsWanted(worker: WorkerProcess, id: number, contentType: string): void {
    this.#metrics.contentType = contentType;
    void this.#collection.run().then(
      (text) => worker.send({ kind: 'metrics', id, text }),
      (error: unknown) => this.#logger.error('The metrics of the workers do not add up', error),
    );
  }

  onSnapshot(worker: WorkerProcess, id: number): void {
    this.#metrics.received(worker, id);
  }

  /**
   * A worker that leaves others behind may send its clients away at once. The last to stop listening
   * closes the port; those who were sent away before would connect to it, and be cut with it.
   */
  onDeaf(worker: WorkerProcess): void {
    if (!this.#stopping) worker.send({ kind: 'hang-up' });
    else this.#hangUpIfDeaf();
  }

  onGone(worker: WorkerProcess): void {
    this.#metrics.retire(worker);
    if (this.#stopping) this.#hangUpIfDeaf();
  }

  onHopeless(reason: string): void {
    if (this.#stopping) return;
    this.#logger.fatal?.(`${reason}. Giving up`);
    this.#exitCode = 1;
    void this.#stop();
  }

  hasHopeBeside(slot: WorkerSlot): boolean {
    return this.#slots.some((other) => other !== slot && other.hopeful);
  }

  get #state(): FleetState {
    const { workers } = this.#options;
    const readyWorkers = this.#slots.filter((slot) => slot.ready).length;
    const ready = !this.#stopping && this.#complete && readyWorkers * 2 >= workers;
    return { ready, readyWorkers, workers };
  }

  #tellState(): void {
    const state = this.#state;
    for (const worker of this.#workers) worker.send({ kind: 'fleet', state });
  }

  #collect(): Promise<string> {
    const workers = [...this.#workers].filter(({ listened }) => listened);
    return this.#metrics.collect(workers, (one) => this.#slots.some((slot) => slot.holds(one)));
  }

  /** A worker that hangs serves nobody, hears nothing, and keeps whoever waits for it waiting. */
  #takePulses(): void {
    for (const worker of this.#workers) {
      if (!worker.hangs()) continue;
      this.#logger.error(
        `Worker ${worker.pid} has given no sign of life for ${worker.silence} s and is killed`,
      );
      worker.kill();
      if (this.#stopping) this.#exitCode = 1;
    }
  }

  /** Replaces the workers one by one. Asked again meanwhile, it does so once more afterwards. */
  #roll(): void {
    if (this.#rolling !== undefined) {
      this.#rollAgain = true;
      return;
    }
    this.#rolling = this.#replaceAll().finally(() => {
      this.#rolling = undefined;
      if (!this.#rollAgain) return;
      this.#rollAgain = false;
      this.#roll();
    });
  }

  async #replaceAll(): Promise<void> {
    for (const slot of this.#slots) {
      if (this.#stopping) return;
      if (!(await slot.replace())) {
        if (!this.#stopping) this.#logger.error('The other workers are not replaced');
        return;
      }
    }
    this.#logger.log('All workers have been replaced');
  }

  /** Drains all workers, then exits. */
  async #stop(): Promise<void> {
    if (this.#stopping) return;
    this.#stopping = true;
    for (const slot of this.#slots) slot.close();
    this.#tellState();
    for (const worker of this.#workers) worker.drain({});
    const { drainDelay, shutdownTimeout } = this.#options;
    const overdue = setTimeout(
      () => {
        this.#logger.error('A worker did not end in time and is killed');
        this.#exitCode = 1;
        this.#kill();
      },
      drainDelay + shutdownTimeout + RELEASE_TIMEOUT,
    );
    await Promise.all([...this.#workers].map(({ exited }) => exited));
    clearTimeout(overdue);
    process.exit(this.#exitCode);
  }

  #hangUpIfDeaf(): void {
    const workers = [...this.#workers];
    if (!workers.every(({ deaf }) => deaf)) return;
    for (const worker of workers) worker.send({ kind: 'hang-up' });
  }

  #kill(): void {
    for (const worker of this.#workers) worker.kill();
  }
}
