/** What a {@link TaskQueue} links: an entry is in one queue at a time and knows which. */
export interface QueueEntry<T extends QueueEntry<T>> {
  /** What the entry adds to its queue's size. */
  readonly size: number;
  queue: TaskQueue<T> | undefined;
  previous: T | undefined;
  next: T | undefined;
}

/** First in, first out, with O(1) removal from anywhere: those who leave the queue are many. */
export class TaskQueue<T extends QueueEntry<T>> {
  #head: T | undefined;
  #tail: T | undefined;
  #length = 0;
  #size = 0;

  /** How many entries there are. */
  get length(): number {
    return this.#length;
  }

  /** The sum of the entries' sizes. */
  get size(): number {
    return this.#size;
  }

  get head(): T | undefined {
    return this.#head;
  }

  push(entry: T): void {
    entry.queue = this;
    entry.previous = this.#tail;
    if (this.#tail) this.#tail.next = entry;
    else this.#head = entry;
    this.#tail = entry;
    this.#length++;
    this.#size += entry.size;
  }

  shift(): T | undefined {
    const head = this.#head;
    if (head) this.remove(head);
    return head;
  }

  /** Takes out an entry that is in this queue. */
  remove(entry: T): void {
    if (entry.previous) entry.previous.next = entry.next;
    else this.#head = entry.next;
    if (entry.next) entry.next.previous = entry.previous;
    else this.#tail = entry.previous;
    entry.queue = entry.previous = entry.next = undefined;
    this.#length--;
    this.#size -= entry.size;
  }

  /** Takes out all entries, in order. */
  clear(): T[] {
    const entries: T[] = [];
    for (let entry = this.shift(); entry; entry = this.shift()) entries.push(entry);
    return entries;
  }
}
