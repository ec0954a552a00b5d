import { InvalidRequest, ServingError, type Violation } from '../errors/index.js';
import { bytesDecoder, type BytesDecoder } from './bytes-decoder.js';
import type { ValueModel } from './model.js';
import { compilePredicate, type Predicate } from './predicate.js';
import type { Readers } from './readers.js';
import { Report, ReportFull, type Reader } from './report.js';

/** What a caller of {@link MessageCodec.read} knows of the text a value was parsed from. */
export interface ReadOptions {
  /**
   * The text was valid Unicode and had no `\u` escape, so that no string in the value can hold an
   * unpaired surrogate and none needs to be searched for one: dear on text beyond Latin-1.
   *
   * @default false
   */
  readonly wellFormed?: boolean;
}

/** Checks values of one message type and brings them into canonical form. Made once, at boot. */
export class MessageCodec {
  readonly #isCanonical: Predicate | undefined;
  readonly #decodeBytes: BytesDecoder | undefined;
  readonly #read: Reader;

  constructor(model: ValueModel, readers: Readers) {
    this.#isCanonical = compilePredicate(model);
    this.#decodeBytes = bytesDecoder(model);
    this.#read = readers.of(model);
  }

  /**
   * A client's parsed JSON in canonical form: the same object where it is canonical already.
   * Non-finite numbers, like 64-bit integers, are strings in it (`"NaN"`, `"-Infinity"`), and bytes
   * are Buffers, which it takes as well (any Uint8Array), so that reading it again changes nothing.
   *
   * @throws {InvalidRequest} with up to 10 violations in `details`
   */
  read(value: unknown, { wellFormed = false }: ReadOptions = {}): unknown {
    if (this.#isCanonical?.(value, wellFormed, false)) {
      const canonical = this.#decodeBytes === undefined ? value : this.#decodeBytes(value);
      if (canonical !== undefined) return canonical;
    }
    const report = new Report(false, wellFormed);
    const canonical = this.#walk(value, report);
    if (report.violations.length === 0) return canonical;
    throw new InvalidRequest(sentence('request', report.violations), {
      details: report.violations,
    });
  }

  /**
   * A handler's result in canonical form, ready for `JSON.stringify`: the same object where it is
   * canonical already. It may hold what any answer may (see `jsonForm`), and beyond that a Long for
   * an integer, any view of memory for bytes, and a Uint8Array for repeated numbers and bools.
   *
   * @throws {ServingError} `InvalidAnswer` with up to 10 violations in `details`
   */
  write(value: unknown): unknown {
    if (this.#isCanonicalAnswer(value)) return value;
    const report = new Report(true, false);
    const canonical = this.#walk(value, report);
    if (report.violations.length === 0) return canonical;
    throw new ServingError('InvalidAnswer', sentence('answer', report.violations), {
      details: report.violations,
    });
  }

  /** A getter or a Proxy may throw when it is looked at: the readers say where it stands. */
  #isCanonicalAnswer(value: unknown): boolean {
    try {
      return this.#isCanonical?.(value, false, true) ?? false;
    } catch {
      return false;
    }
  }

  #walk(value: unknown, report: Report): unknown {
    try {
      return this.#read(value, report, 0, 0);
    } catch (error) {
      if (error instanceof ReportFull) return undefined;
      throw error;
    }
  }
}

function sentence(what: string, violations: readonly Violation[]): string {
  const [first, ...more] = violations as [Violation, ...Violation[]];
  const others = more.length === 0 ? '' : ` (and ${more.length} more)`;
  return `Invalid ${what} at ${first.path}: ${first.message}${others}`;
}
