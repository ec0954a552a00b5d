/** Whether the apps of this process take requests, of those that have metrics; one that has closed is none. */
class ReadyApps {
  readonly #apps = new Map<object, () => boolean>();

  set(app: object, ready: () => boolean): void {
    this.#apps.set(app, ready);
  }

  remove(app: object): void {
    this.#apps.delete(app);
  }

  /** Whether there is an app and every one is ready. */
  get all(): boolean {
    return this.#apps.size > 0 && [...this.#apps.values()].every((ready) => ready());
  }
}

export const READY_APPS = new ReadyApps();
