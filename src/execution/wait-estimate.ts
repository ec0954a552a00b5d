/** The weight of the newest run in the averages: some twenty runs make the picture. */
const NEWEST = 0.1;
const SHORTEST = 1;
const LONGEST = 30;

/** Estimates how long the queue makes one wait, from how long slots were held and for how much. */
export class WaitEstimate {
  readonly #slots: number;
  #duration: number | undefined;
  #items = 1;

  constructor(slots: number) {
    this.#slots = slots;
  }

  /** A slot was held for so many milliseconds and served so many items. */
  record(duration: number, items: number): void {
    if (this.#duration === undefined) {
      this.#duration = duration;
      this.#items = items;
    } else {
      this.#duration += (duration - this.#duration) * NEWEST;
      this.#items += (items - this.#items) * NEWEST;
    }
  }

  /** The wait behind so many queued items, in whole seconds from 1 to 30. */
  seconds(queued: number): number {
    const runs = queued / this.#items / this.#slots;
    const seconds = Math.ceil((runs * (this.#duration ?? 0)) / 1000);
    return Math.min(Math.max(seconds, SHORTEST), LONGEST);
  }
}
