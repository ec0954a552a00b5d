import { setTimeout } from 'node:timers/promises';
import { shownUrl } from './address.js';
import { keepRate } from './keep-rate.js';
import type { Rates } from './rates.js';
import { isGood, Sender, type Ending, type Target } from './sender.js';
import { ServerMetrics } from './server-metrics.js';
import { serverViewOf, type ServerView } from './server-view.js';
import { stepOf, type Asked, type Step } from './step.js';

/** What is measured, and for how long. */
export interface LoadPlan {
  readonly target: Target;
  readonly rates: Rates;
  /** Of each step. */
  readonly seconds: number;
  /** Milliseconds after which a request is given up. */
  readonly timeout: number;
  /** Milliseconds after which a good answer is none. */
  readonly within: number;
  /** How many requests may be under way at once. */
  readonly connections: number;
  readonly metrics: URL;
}

/** One rate, as it was seen from here and by the server. */
export interface SeenStep extends Step {
  readonly server?: ServerView;
}

/** What happens now. */
export interface Progress {
  readonly rate: number;
  readonly sent: number;
  readonly of: number;
  readonly underWay: number;
}

/** The endpoint does not answer as it would have to for a measurement. */
export class NothingToMeasure extends Error {}

/** Requests before the first step, one after another: the fastest of them is not the first, cold one. */
const FIRST_REQUESTS = 3;
/** What timers are coarse by, and more, in milliseconds. */
const GRAIN = 50;

/** Asks an endpoint at rate after rate, until the rates end or it is stopped. */
export class LoadTest {
  readonly #plan: LoadPlan;
  readonly #sender: Sender;
  readonly #stopped = new AbortController();
  readonly metrics: ServerMetrics;
  readonly steps: SeenStep[] = [];
  /** What the fastest answer takes, one request at a time, in milliseconds. */
  alone = Infinity;
  progress: Progress | undefined;

  constructor(plan: LoadPlan) {
    this.#plan = plan;
    this.#sender = new Sender(plan.target, plan.connections);
    this.metrics = new ServerMetrics(plan.metrics, plan.target);
  }

  /**
   * Runs all steps, which are to be read in {@link steps}.
   *
   * @throws {NothingToMeasure} where the endpoint does not answer what it is sent
   */
  async run(): Promise<void> {
    try {
      await this.#ask();
      const { rates } = this.#plan;
      for (let next = rates.next(); !next.done && !this.isStopped;) {
        const step = await this.#step(next.value);
        this.steps.push(step);
        next = rates.next(step);
        if (!next.done && step.verdict !== 'kept') await this.#recovered();
      }
    } finally {
      this.#sender.close();
    }
  }

  get isStopped(): boolean {
    return this.#stopped.signal.aborted;
  }

  /** Sends nothing more and waits for nothing more; what has been answered stays. */
  stop(): void {
    this.#stopped.abort();
    this.#sender.close();
  }

  async #ask(): Promise<void> {
    const { target, timeout } = this.#plan;
    for (let left = FIRST_REQUESTS; left > 0; left--) {
      const sent = performance.now();
      const { outcome, words } = await this.#sender.send(timeout);
      if (this.isStopped) return;
      if (!isGood(outcome)) {
        const said = words === '' ? '' : `: ${words}`;
        const what = /^\d/.test(outcome) ? `answered ${outcome}` : `failed (${outcome})`;
        throw new NothingToMeasure(`POST ${shownUrl(target.url)} ${what}${said}`);
      }
      this.alone = Math.min(this.alone, performance.now() - sent);
    }
  }

  /**
   * Waits until the endpoint answers as it does alone, though no longer than a step takes: a server may go
   * on with what has been given up here, or be starting again.
   */
  async #recovered(): Promise<void> {
    const { timeout, seconds } = this.#plan;
    const { signal } = this.#stopped;
    const patience = performance.now() + seconds * 1_000;
    while (!this.isStopped && performance.now() < patience) {
      const sent = performance.now();
      const { outcome } = await this.#sender.send(timeout);
      if (isGood(outcome) && performance.now() - sent < 2 * this.alone + GRAIN) return;
      await setTimeout(GRAIN, undefined, { signal }).catch(() => undefined);
    }
  }

  async #step(rate: number): Promise<SeenStep> {
    const { seconds, within, timeout, connections, target } = this.#plan;
    const count = Math.max(1, Math.round(rate * seconds));
    const { signal } = this.#stopped;
    const before = await this.metrics.scrape(signal);
    const began = performance.now();
    const asked: Asked[] = [];
    const requests: Promise<void>[] = [];
    const overfull = new AbortController();
    let underWay = 0;
    const send = async (due: number): Promise<void> => {
      const sent = performance.now();
      underWay++;
      const ending: Ending = await this.#sender.send(Math.max(0, timeout - (sent - due)));
      underWay--;
      if (ending.outcome !== 'closed') asked.push({ due, sent, ended: performance.now(), ending });
      this.progress = { rate, sent: requests.length, of: count, underWay };
    };
    const either = AbortSignal.any([signal, overfull.signal]);
    const start = (due: number): void => {
      if (underWay < connections) requests.push(send(due));
      else overfull.abort();
      this.progress = { rate, sent: requests.length, of: count, underWay };
    };
    await keepRate({ rate, count }, start, either);
    await Promise.all(requests);
    const after = await this.metrics.scrape(signal);
    const elapsed = (performance.now() - began) / 1_000;

    asked.sort((a, b) => a.due - b.due);
    const end = this.isStopped
      ? 'interrupted'
      : overfull.signal.aborted
        ? 'connections'
        : undefined;
    return {
      ...stepOf({ rate, seconds, within }, began, asked, end),
      server: before && after && serverViewOf(after.since(before), elapsed, target.url.pathname),
    };
  }
}
