/** Work of which one run is under way at a time, shared by all who ask for it meanwhile. */
export class SharedWork<T> {
  readonly #work: () => Promise<T>;
  #underway: Promise<T> | undefined;

  constructor(work: () => Promise<T>) {
    this.#work = work;
  }

  run(): Promise<T> {
    this.#underway ??= this.#work().finally(() => (this.#underway = undefined));
    return this.#underway;
  }
}
