/** Milliseconds that code which never waits may keep the event loop for itself. */
const LONGEST_TURN = 5;
/** Items between two looks at the clock, at most: each look costs a tenth of what a small item does. */
const MOST_UNSEEN = 8;

/** Tells between the items of a stream when the event loop should turn: after the first, and after a while. */
export class TurnClock {
  #turnedAt = -Infinity;
  #unseen = 1;
  #untilLook = 1;

  /** Asked once an item. */
  isDue(): boolean {
    if (--this.#untilLook > 0) return false;
    const isDue = performance.now() - this.#turnedAt > LONGEST_TURN;
    // The faster they come, the less often it is looked at.
    this.#unseen = isDue ? 1 : Math.min(this.#unseen * 2, MOST_UNSEEN);
    this.#untilLook = this.#unseen;
    return isDue;
  }

  turned(): void {
    this.#turnedAt = performance.now();
  }
}
