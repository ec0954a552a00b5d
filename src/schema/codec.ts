import { InvalidRequest, ServingError, type Violation } from '../errors/index.js';
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
  readonly #read: Reader;

  constructor(model: ValueModel, readers: Readers) {
    this.#isCanonical = compilePredicate(model);
    this.#read = readers.of(model);
  }

  /**
   * A client's parsed JSON in canonical form: the same object where it is canonical already.
   * Non-finite numbers, like 64-bit integers, are strings in it (`"NaN"`, `"-Infinity"`), so that
   * it is JSON, and reading it again changes nothing.
   *
   * @throws {InvalidRequest} with up to 10 violations in `details`
   */
  read(value: unknown, { wellFormed = false }: ReadOptions = {}): unknown {
    if (this.#isCanonical?.(value, wellFormed, false)) return value;
    const report = new Report(false, wellFormed);
    const canonical = this.#walk(value, report);
    if (report.violations.length === 0) return canonical;
    throw new InvalidRequest(sentence('request', report.violations), {
      details: report.violations,
    });
  }

  /**
   * A handler's result in canonical form, ready for `JSON.stringify`: the same object where it is
   * canonical already. Beyond JSON it may hold typed arrays for repeated numbers, `bigint` and
   * Long for integers, `Date` for Timestamp, `Uint8Array`, `Buffer` and `ArrayBuffer` for bytes,
   * `Map` for maps, NaN and infinities, class instances, and `undefined` for what is absent.
   *
   * @throws {ServingError} `InvalidAnswer` with up to 10 violations in `details`
   */
  write(value: unknown): unknown {
    if (this.#isCanonical?.(value, false, true)) return value;
    const report = new Report(true, false);
    const canonical = this.#walk(value, report);
    if (report.violations.length === 0) return canonical;
    throw new ServingError('InvalidAnswer', sentence('answer', report.violations), {
      details: report.violations,
    });
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
