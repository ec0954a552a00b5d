import type { LoggerService } from '@nestjs/common';
import { RestartBackoff } from './restart-backoff.js';
import { WorkerProcess, type WorkerListener } from './worker-process.js';

/** What a slot tells the primary, besides what its worker says. */
export interface SlotListener extends WorkerListener {
  onStarted(worker: WorkerProcess): void;
  /** The worker of this slot cannot start. */
  onHopeless(reason: string): void;
}

/** One of the places for a worker: keeps it filled, and replaces who fills it. */
export class WorkerSlot {
  readonly #listener: SlotListener;
  readonly #logger: LoggerService;
  readonly #backoff = new RestartBackoff();
  #worker: WorkerProcess | undefined;
  #successor: WorkerProcess | undefined;
  #restart: NodeJS.Timeout | undefined;
  #closed = false;

  constructor(listener: SlotListener, logger: LoggerService) {
    this.#listener = listener;
    this.#logger = logger;
    this.#fill();
  }

  get ready(): boolean {
    return this.#worker?.ready === true;
  }

  holds(worker: WorkerProcess): boolean {
    return this.#worker === worker;
  }

  /** Starts another worker and, once it is ready, drains the present one. */
  async replace(): Promise<boolean> {
    const old = this.#worker;
    const successor = this.#fork();
    this.#successor = successor;
    const started = await successor.started;
    this.#successor = undefined;
    if (this.#closed) return false;
    if (!started) {
      this.#logger.error(
        `Worker ${successor.pid}, a replacement, ended (${await successor.exited}) before it was ready`,
      );
      if (this.#worker === undefined) this.#fill();
      return false;
    }
    this.#take(successor);
    // Other workers go on listening on the port: there is nothing for a load balancer to notice.
    old?.send({ kind: 'drain', options: { delay: 0, announced: false } });
    await old?.exited;
    return true;
  }

  /** Lets a worker that ends be. */
  close(): void {
    this.#closed = true;
    clearTimeout(this.#restart);
  }

  #fill(): void {
    this.#take(this.#fork());
  }

  #fork(): WorkerProcess {
    const worker = new WorkerProcess(this.#listener);
    this.#listener.onStarted(worker);
    return worker;
  }

  #take(worker: WorkerProcess): void {
    this.#worker = worker;
    void worker.exited.then((how) => {
      if (this.#worker === worker && !this.#closed) this.#mourn(worker, how);
    });
    this.#listener.onReadiness(worker);
  }

  #mourn(worker: WorkerProcess, how: string): void {
    this.#worker = undefined;
    this.#listener.onReadiness(worker);
    const delay = this.#backoff.afterDeath(worker.readyFor);
    if (delay === undefined) {
      this.#listener.onHopeless(
        `A worker cannot start: the last of its attempts, ${worker.pid}, ended with ${how}`,
      );
      return;
    }
    this.#logger.warn(`Worker ${worker.pid} ended with ${how}; another starts in ${delay} ms`);
    this.#restart = setTimeout(() => {
      // A successor under way takes the place by itself.
      if (this.#successor === undefined) this.#fill();
    }, delay);
  }
}
