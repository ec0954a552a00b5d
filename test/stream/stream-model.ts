import type { PredictContext } from 'nestjs-model-serving';

/** What handlers of streams in a test have been asked, all of them together. */
export class StreamModel {
  /** Items that were asked for. */
  asked = 0;
  /** How often `return()` was called, by whoever. */
  returned = 0;
  finallyRan = 0;
  readonly contexts: PredictContext[] = [];
  #changed: () => void = () => {};

  /** The items of a generator, by an iterator that notes what it is asked. */
  stream(context: PredictContext, items: () => AsyncGenerator<unknown>): AsyncIterable<unknown> {
    this.contexts.push(context);
    const generator = this.#ending(items);
    return {
      [Symbol.asyncIterator]: () => ({
        next: () => {
          this.asked++;
          this.#changed();
          return generator.next();
        },
        return: () => {
          this.returned++;
          this.#changed();
          return generator.return(undefined);
        },
      }),
    };
  }

  /** Waits until something holds; vitest's own polls would move a stopped clock. */
  async until(holds: (model: this) => boolean): Promise<void> {
    while (!holds(this)) await new Promise<void>((resolve) => (this.#changed = resolve));
  }

  async *#ending(items: () => AsyncGenerator<unknown>): AsyncGenerator<unknown, undefined> {
    try {
      yield* items();
    } finally {
      this.finallyRan++;
      this.#changed();
    }
    return undefined;
  }
}
