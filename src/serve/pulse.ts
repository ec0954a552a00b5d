/** How often a worker says that it is alive, and the primary looks after it, in milliseconds. */
export const BEAT_INTERVAL = 1000;

/** Beats that a worker which serves may miss: no request needs the event loop for so long at a stretch. */
const BEATS_WHILE_SERVING = 10;

/** Beats that a worker may miss before it serves: loading a large model may hold the event loop. */
const BEATS_WHILE_STARTING = 600;

/**
 * Tells a process that hangs from one that works. It counts beats and not time: after a pause of the
 * whole machine, or of the primary, nobody has missed more than one.
 */
export class Pulse {
  #missed = 0;
  #serving = false;

  /** The process serves from now on. */
  serves(): void {
    this.#serving = true;
    this.#missed = 0;
  }

  /** A sign of life has come; while the process starts, only its end counts. */
  felt(): void {
    if (this.#serving) this.#missed = 0;
  }

  /** A beat is due. Whether the process hangs, since so many have been missed. */
  due(): boolean {
    this.#missed += 1;
    return this.#missed > (this.#serving ? BEATS_WHILE_SERVING : BEATS_WHILE_STARTING);
  }

  /** How long it has been silent, in seconds. */
  get silence(): number {
    return Math.round((this.#missed * BEAT_INTERVAL) / 1000);
  }
}
