/**
 * @typedef {object} PodKind
 * @property {number} slots      Requests that run at once: maxConcurrency times the size of a batch.
 * @property {number} seconds    That a run takes.
 * @property {number} maxQueue   Requests that may wait in one pod.
 * @property {number} startTime  Seconds from the decision to the first answer.
 */

/** Pods that each have a queue of their own, as a balancer that knows none of them fills them. */
export class Pods {
  /** @type {{ readyAt: number, waiting: number, running: number }[]} */
  #serving = [];
  /** Without new requests, until they have answered what waits. */
  #leaving = [];

  /** @param {PodKind} kind @param {import('./random.mjs').Random} random */
  constructor(kind, random) {
    this.kind = kind;
    this.random = random;
    /** Answers a second of one pod, by Little's law. */
    this.rate = kind.slots / kind.seconds;
  }

  get count() {
    return this.#serving.length;
  }

  /** All that cost. */
  get paid() {
    return this.#serving.length + this.#leaving.length;
  }

  get waiting() {
    return this.#sum(({ waiting }) => waiting);
  }

  get inFlight() {
    return this.#sum(({ waiting, running }) => waiting + running);
  }

  resize(count, now, startTime = this.kind.startTime) {
    while (this.#serving.length < count) {
      this.#serving.push({ readyAt: now + startTime, waiting: 0, running: 0 });
    }
    // The youngest go first, as the ones that start still.
    this.#leaving.push(...this.#serving.splice(count));
  }

  /**
   * One second.
   *
   * @param {number} now
   * @param {number} load  Requests that come in it, on average.
   * @param {(count: number, wait: number) => void} answered
   * @returns {{ arrived: number, answered: number, refused: number }}
   */
  second(now, load, answered) {
    const ready = this.#serving.filter(({ readyAt }) => readyAt <= now);
    const total = { arrived: 0, answered: 0, refused: 0 };
    // Nobody is there to take it.
    if (ready.length === 0) total.arrived = total.refused = this.random.poisson(load);
    for (const pod of ready)
      this.#work(pod, this.random.poisson(load / ready.length), answered, total);
    for (const pod of this.#leaving) this.#work(pod, 0, answered, total);
    this.#leaving = this.#leaving.filter(({ waiting }) => waiting > 0);
    return total;
  }

  #work(pod, arriving, answered, total) {
    const { maxQueue, seconds } = this.kind;
    const served = Math.min(this.rate, pod.waiting + arriving);
    const left = pod.waiting + arriving - served;
    const refused = Math.max(0, left - maxQueue);
    const wait = (pod.waiting + left - refused) / 2 / this.rate;
    pod.waiting = left - refused;
    pod.running = served * seconds;
    if (served > 0) answered(served, wait);
    total.arrived += arriving;
    total.answered += served;
    total.refused += refused;
  }

  #sum(of) {
    let sum = 0;
    for (const pod of this.#serving) sum += of(pod);
    for (const pod of this.#leaving) sum += of(pod);
    return sum;
  }
}
