import { getHeapStatistics } from 'node:v8';
import { ServingError } from '../errors/index.js';

const LEAST = 64 * 1024 * 1024;

/** What bodies that are being read may hold together where the app does not say: 1/8 of the heap. */
export function defaultUploadBytes(): number {
  return Math.max(LEAST, Math.floor(getHeapStatistics().heap_size_limit / 8));
}

/**
 * The memory that all bodies being read share, whichever door they come by, so that many slow uploads cannot
 * take it all.
 */
export class UploadBudget {
  readonly #limit: number;
  #held = 0;

  constructor(limit: number) {
    this.#limit = limit;
  }

  /** Whether there is room for a body that is there already, beside those that are being read. */
  hasRoomFor(bytes: number): boolean {
    return this.#held + bytes <= this.#limit;
  }

  /** Takes `bytes` more; false, and none taken, where there is no room for them. */
  take(bytes: number): boolean {
    if (!this.hasRoomFor(bytes)) return false;
    this.#held += bytes;
    return true;
  }

  give(bytes: number): void {
    this.#held -= bytes;
  }
}

/** What one body holds of the budget. */
export class UploadShare {
  readonly #budget: UploadBudget;
  #bytes = 0;

  constructor(budget: UploadBudget) {
    this.#budget = budget;
  }

  /** Grows to `bytes` in all; false where the others leave no room for it. */
  holds(bytes: number): boolean {
    if (bytes <= this.#bytes) return true;
    if (!this.#budget.take(bytes - this.#bytes)) return false;
    this.#bytes = bytes;
    return true;
  }

  /** Gives back all but `bytes`, where it holds more. */
  shrinkTo(bytes: number): void {
    if (bytes >= this.#bytes) return;
    this.#budget.give(this.#bytes - bytes);
    this.#bytes = bytes;
  }

  close(): void {
    this.shrinkTo(0);
  }
}

export function tooManyUploads(): ServingError {
  const options = { retryAfter: 1 };
  return new ServingError('QueueFull', 'Too many bytes are being uploaded at once', options);
}
