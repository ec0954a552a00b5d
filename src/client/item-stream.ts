import type { CallScope } from './call-scope.js';
import type { AnyCallOptions } from './client-options.js';
import type { EventReader } from './event-reader.js';
import type { Session } from './session.js';

/** The items of a stream, each read when it is asked for. */
export class ItemStream implements AsyncIterableIterator<unknown> {
  readonly #session: Session;
  readonly #path: string;
  readonly #input: unknown;
  readonly #options: AnyCallOptions;
  readonly #items = this.#read();
  #scope: CallScope | undefined;
  #left = false;

  constructor(session: Session, path: string, input: unknown, options: AnyCallOptions) {
    this.#session = session;
    this.#path = path;
    this.#input = input;
    this.#options = options;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  next(): Promise<IteratorResult<unknown>> {
    return this.#items.next();
  }

  /** Cancels the request at once, also while an item is waited for. */
  return(): Promise<IteratorResult<unknown>> {
    this.#left = true;
    this.#scope?.cancel();
    return this.#items.return(undefined);
  }

  async *#read(): AsyncGenerator<unknown, undefined> {
    const options = this.#options;
    const request = this.#session.prepare(this.#path, this.#input, options);
    const scope = (this.#scope = this.#session.open(options, Infinity));
    let events: EventReader | undefined;
    try {
      // Until the first event nothing has been handed out, so that it may be asked for again.
      let event = await this.#session.retrying(scope, options, async () => {
        events?.cancel();
        events = await this.#session.events(scope, request);
        return events.next();
      });
      for (; event.type !== 'end'; event = await events!.next()) {
        if (event.type === 'error') throw events!.failureOf(event);
        if (event.type === 'message') yield events!.itemOf(event);
      }
      events!.finish();
    } catch (error) {
      events?.cancel();
      if (!this.#left) throw scope.ended ?? error;
    } finally {
      scope.close();
    }
    return undefined;
  }
}
