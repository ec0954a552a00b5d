/** Which apps of this process take requests, of those that have metrics; one that has closed is none. */
class ReadyApps {
  readonly #states = new Map<object, boolean>();

  set(app: object, ready: boolean): void {
    this.#states.set(app, ready);
  }

  remove(app: object): void {
    this.#states.delete(app);
  }

  /** Whether there is an app and every one is ready. */
  get all(): boolean {
    return this.#states.size > 0 && [...this.#states.values()].every(Boolean);
  }
}

export const READY_APPS = new ReadyApps();
