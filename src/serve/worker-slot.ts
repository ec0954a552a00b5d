import type { LoggerService } from '@nestjs/common';
import { RestartBackoff } from './restart-backoff.js';
import { WorkerProcess, type WorkerListener } from './worker-process.js';

/** What a slot tells the primary, besides what its worker says. */
export interface SlotListener extends WorkerListener {
  /** @param isAsked whether it replaces one that serves, and not one that has died. */
  onStarted(worker: WorkerProcess, isAsked: boolean): void;
  /** The worker of this slot cannot start, and no other one serves or may still. */
  onHopeless(reason: string): void;
  /** Whether a worker of another slot serves, or may still come to. */
  hasHopeBeside(slot: WorkerSlot): boolean;
}

export interface SlotOptions {
  readonly logger: LoggerService;
  /** How long a worker that has been replaced may take to drain and release its models, in milliseconds. */
  readonly patience: number;
}

/** One of the places for a worker: keeps it filled, and replaces who fills it. */
export class WorkerSlot {
  readonly #listener: SlotListener;
  readonly #options: SlotOptions;
  readonly #backoff = new RestartBackoff();
  #worker: WorkerProcess | undefined;
  #successor: WorkerProcess | undefined;
  #restart: NodeJS.Timeout | undefined;
  #closed = false;

  constructor(listener: SlotListener, options: SlotOptions) {
    this.#listener = listener;
    this.#options = options;
    this.#fill();
  }

  get ready(): boolean {
    return this.#worker?.ready === true;
  }

  /** Whether its worker serves, or has not yet failed to start so often that it never will. */
  get hopeful(): boolean {
    return this.ready || !this.#backoff.hopeless;
  }

  holds(worker: WorkerProcess): boolean {
    return this.#worker === worker;
  }

  /** Starts another worker and, once it is ready, drains the present one. */
  async replace(): Promise<boolean> {
    const old = this.#worker;
    const successor = this.#fork(true);
    this.#successor = successor;
    const started = await successor.started;
    this.#successor = undefined;
    if (this.#closed) return false;
    if (!started) {
      const how = await successor.exited;
      const stays = this.ready ? `; worker ${this.#worker!.pid} goes on serving` : '';
      this.#options.logger.error(
        `Worker ${successor.pid}, a replacement, ended (${how}) before it was ready${stays}`,
      );
      if (this.#worker === undefined && !this.#closed) this.#mourn(successor, how);
      return false;
    }
    this.#take(successor);
    if (old !== undefined) await this.#retire(old);
    return true;
  }

  /** Lets a worker that ends be. */
  close(): void {
    this.#closed = true;
    clearTimeout(this.#restart);
  }

  #fill(): void {
    this.#take(this.#fork(false));
  }

  #fork(isAsked: boolean): WorkerProcess {
    const worker = new WorkerProcess(this.#listener);
    this.#listener.onStarted(worker, isAsked);
    return worker;
  }

  #take(worker: WorkerProcess): void {
    this.#worker = worker;
    void worker.exited.then((how) => {
      if (this.#worker === worker && !this.#closed) this.#mourn(worker, how);
    });
    this.#listener.onReadiness(worker);
  }

  async #retire(old: WorkerProcess): Promise<void> {
    // Other workers go on listening on the port: there is nothing for a load balancer to notice.
    old.drain({ delay: 0, announced: false });
    const overdue = setTimeout(() => {
      this.#options.logger.error(`Worker ${old.pid} did not end in time and is killed`);
      old.kill();
    }, this.#options.patience);
    await old.exited;
    clearTimeout(overdue);
  }

  #mourn(worker: WorkerProcess, how: string): void {
    this.#worker = undefined;
    this.#listener.onReadiness(worker);
    const delay = this.#backoff.afterDeath(worker.readyFor, this.#listener.hasHopeBeside(this));
    if (delay === undefined) {
      this.#listener.onHopeless(
        `A worker cannot start: the last of its attempts, ${worker.pid}, ended with ${how}`,
      );
      return;
    }
    this.#options.logger.warn(
      `Worker ${worker.pid} ended with ${how}; another starts in ${delay} ms`,
    );
    this.#restart = setTimeout(() => {
      // A successor under way takes the place by itself.
      if (this.#successor === undefined) this.#fill();
    }, delay);
  }
}
