/** The weight of the newest value: some ten of them make the picture. */
export const NEWEST = 0.2;

/** An average that follows what is measured. */
export class Average {
  #value: number | undefined;

  /** 0 where nothing has been measured. */
  get value(): number {
    return this.#value ?? 0;
  }

  add(measured: number): void {
    const value = this.#value ?? measured;
    this.#value = value + (measured - value) * NEWEST;
  }
}
