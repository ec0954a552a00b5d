import { isObservable, type Observable } from 'rxjs';
import { ServingError } from '../errors/index.js';

/** The items of a handler that streams, one after another, as an iterator of any kind gives them. */
export interface ItemSource {
  next(): Step | PromiseLike<Step>;
  /** Ends it before its time. It may take a while, and may wait for an item that is on its way. */
  return?(): unknown;
}

type Step = Pick<IteratorResult<unknown>, 'value' | 'done'>;

/**
 * Makes a source of what a handler returned.
 *
 * @throws {ServingError} `InvalidAnswer`, whose message names the remedy, where it is no stream
 */
export function sourceOf(returned: unknown): ItemSource {
  if (typeof returned === 'object' && returned !== null) {
    if (isObservable(returned)) return new ObservedItems(returned);
    if (has(returned, 'getReader')) return read(returned as ReadableStream<unknown>);
    const source = iterate(returned);
    if (source !== undefined) return source;
  }
  throw new ServingError(
    'InvalidAnswer',
    `Expected predict to be an async generator, or to return an iterable, a ReadableStream or an Observable, beside stream: true, got ${nameOf(returned)}: yield each item, or return an array of them`,
  );
}

function iterate(items: object): ItemSource | undefined {
  // Bytes are iterable too, as a string of characters is: nobody means them to go out one by one.
  if (ArrayBuffer.isView(items)) return undefined;
  if (has(items, Symbol.asyncIterator)) {
    const iterator = (items as AsyncIterable<unknown>)[Symbol.asyncIterator]();
    return has(items, 'destroy') && has(items, 'pipe')
      ? destroying(items as NodeJS.ReadableStream & { destroy(): void }, iterator)
      : iterator;
  }
  if (!has(items, Symbol.iterator)) return undefined;
  return awaiting((items as Iterable<unknown>)[Symbol.iterator]());
}

/** Its own iterator would wait for the next chunk before it ends. */
function destroying(readable: { destroy(): void }, iterator: AsyncIterator<unknown>): ItemSource {
  return {
    next: () => iterator.next(),
    return() {
      readable.destroy();
      return iterator.return?.();
    },
  };
}

function read(stream: ReadableStream<unknown>): ItemSource {
  const reader = stream.getReader();
  return { next: () => reader.read() as PromiseLike<Step>, return: () => reader.cancel() };
}

/** As `for await` has it: the items of a synchronous iterable may be promised. */
function awaiting(iterator: Iterator<unknown>): ItemSource {
  return {
    next() {
      const step = iterator.next();
      return step.done || !has(step.value, 'then') ? step : settled(step.value);
    },
    ...(iterator.return && { return: () => iterator.return!() }),
  };
}

async function settled(value: unknown): Promise<Step> {
  return { done: false, value: await value };
}

/**
 * An Observable pushes, and cannot be told to wait: what nobody has asked for yet is kept. Unsubscribing
 * ends it.
 */
class ObservedItems implements ItemSource {
  readonly #subscription: { unsubscribe(): void };
  #kept: unknown[] = [];
  #asked = 0;
  #end: (() => Step) | undefined;
  #arrived: (() => void) | undefined;

  constructor(observable: Observable<unknown>) {
    const finish = (end: () => Step) => {
      this.#end = end;
      this.#arrived?.();
    };
    this.#subscription = observable.subscribe({
      next: (item) => {
        this.#kept.push(item);
        this.#arrived?.();
      },
      error: (error: unknown) =>
        finish(() => {
          throw error;
        }),
      complete: () => finish(() => ({ done: true, value: undefined })),
    });
  }

  next(): Step | Promise<Step> {
    return this.#take() ?? this.#wait();
  }

  return(): void {
    this.#subscription.unsubscribe();
    this.#kept = [];
    this.#end = () => ({ done: true, value: undefined });
    this.#arrived?.();
  }

  #take(): Step | undefined {
    if (this.#asked < this.#kept.length) return { done: false, value: this.#kept[this.#asked++] };
    this.#kept = [];
    this.#asked = 0;
    return this.#end?.();
  }

  async #wait(): Promise<Step> {
    await new Promise<void>((resolve) => (this.#arrived = resolve));
    this.#arrived = undefined;
    return this.#take()!;
  }
}

function has(value: unknown, method: string | symbol): boolean {
  return typeof (value as Record<string | symbol, unknown> | null)?.[method] === 'function';
}

function nameOf(value: unknown): string {
  if (typeof value === 'string') return 'a string';
  if (typeof value === 'object' && value !== null)
    return ArrayBuffer.isView(value) ? 'bytes' : 'an object';
  return String(value);
}
