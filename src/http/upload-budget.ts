import { getHeapStatistics } from 'node:v8';

const LEAST = 64 * 1024 * 1024;

/** What bodies that are being read may hold together where the app does not say: 1/8 of the heap. */
export function defaultUploadBytes(): number {
  return Math.max(LEAST, Math.floor(getHeapStatistics().heap_size_limit / 8));
}

/** The memory that all bodies being read share, so that many slow uploads cannot take it all. */
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

  /** A share for one body. */
  open(): UploadShare {
    let share = 0;
    return {
      /** Grows to `bytes` in all; false where the others leave no room for it. */
      holds: (bytes) => {
        if (bytes <= share) return true;
        if (this.#held + bytes - share > this.#limit) return false;
        this.#held += bytes - share;
        share = bytes;
        return true;
      },
      close: () => {
        this.#held -= share;
        share = 0;
      },
    };
  }
}

export interface UploadShare {
  holds(bytes: number): boolean;
  close(): void;
}
