import { invalidRequest, MAX_VIOLATIONS, ServingError, summaryOf } from '../errors/index.js';
import type { JsonText, Path } from '../json/index.js';
import { withForm } from './answered.js';
import { asBuffer } from './base64.js';
import { settleAnys } from './binary/any-content.js';
import type { Content } from './binary/form.js';
import type { Forms } from './binary/forms.js';
import { FormReader } from './form.js';
import { WireReader } from './binary/wire-reader.js';
import { WireWriter } from './binary/wire-writer.js';
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
   * @default what the text says, false without one
   */
  readonly wellFormed?: boolean;
  /**
   * The text itself, to find what parsing made disappear: keys that stand twice, and digits of
   * numbers beyond 2^53. Without it a number is what it is.
   */
  readonly text?: JsonText | undefined;
}

/** The canonical form, or why there is none: up to 10 violations, each with the keys that lead to it. */
export type Checked =
  | { readonly value: unknown }
  | { readonly issues: readonly { readonly message: string; readonly path: Path }[] };

/** Checks values of one message type and brings them into canonical form. Made once, at boot. */
export class MessageCodec {
  /** Reads forms; `undefined` for a message that has no fields of its own, such as Struct. */
  readonly form: FormReader | undefined;
  /** What the message consists of. */
  readonly model: ValueModel;
  readonly #canonicalMembers: Predicate | undefined;
  readonly #decodeBytes: BytesDecoder | undefined;
  readonly #read: Reader;
  readonly #content: Content;

  constructor(model: ValueModel, readers: Readers, forms: Forms) {
    this.model = model;
    this.#content = forms.contentOf(model);
    this.#canonicalMembers = compilePredicate(model);
    this.#decodeBytes = bytesDecoder(model);
    this.#read = readers.of(model);
    if (model.kind === 'message') this.form = new FormReader(model.message);
  }

  /**
   * A client's parsed JSON in canonical form: the same object where it is canonical already.
   * Non-finite numbers, like 64-bit integers, are strings in it (`"NaN"`, `"-Infinity"`), and bytes
   * are Buffers, which it takes as well (any Uint8Array), so that reading it again changes nothing.
   *
   * @throws {InvalidRequest} with up to 10 violations in `details`
   */
  read(
    value: unknown,
    { text, wellFormed = text?.isWellFormed() ?? false }: ReadOptions = {},
  ): unknown {
    const members = this.#canonicalMembers?.(value, wellFormed, false) ?? -1;
    if (members >= 0) {
      const duplicates = text?.duplicates(members) ?? [];
      if (duplicates.length > 0) throw invalidRequest(duplicates);
      const canonical = this.#decodeBytes === undefined ? value : this.#decodeBytes(value);
      if (canonical !== undefined) return canonical;
    }
    const report = new Report(false, wellFormed, text);
    const canonical = this.#walk(value, report);
    const missing = MAX_VIOLATIONS - report.violations.length;
    if (text !== undefined && missing > 0) {
      report.violations.push(...text.duplicates(report.members).slice(0, missing));
    }
    if (report.violations.length === 0) return canonical;
    throw invalidRequest(report.violations);
  }

  /**
   * A client's binary message in the canonical form that it has as JSON. Unknown fields are ignored.
   * A default value that is there is kept as it is in JSON; a repeated field or a map without
   * elements is absent. A float is exactly what its four bytes say. Bytes are views of `bytes`.
   *
   * @throws {InvalidRequest} with up to 10 violations in `details`
   */
  readBinary(bytes: Uint8Array): unknown {
    const report = new Report(false, true);
    const canonical = catchFull(() => {
      const wire = new WireReader(asBuffer(bytes), report);
      const value = this.#content.read(wire, undefined, 0, 0);
      settleAnys(wire);
      return value;
    });
    if (report.violations.length === 0) return canonical;
    throw invalidRequest(report.violations);
  }

  /**
   * A canonical answer, as {@link write} gives it or as it was parsed from its own JSON, as a binary
   * message: the same bytes for the same message.
   */
  encode(canonical: unknown): Buffer {
    const writer = new WireWriter();
    this.#content.write(writer, canonical);
    return writer.finish();
  }

  /**
   * A handler's result as a binary message: what {@link write} takes.
   *
   * @throws {ServingError} `InvalidAnswer` with up to 10 violations in `details`
   */
  writeBinary(value: unknown): Buffer {
    return this.encode(this.write(value));
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
    throw new ServingError('InvalidAnswer', summaryOf('answer', report.violations), {
      details: report.violations,
    });
  }

  /**
   * What {@link read} makes of a value, or of an answer {@link write}, told instead of thrown. It may
   * be anything, also where it stands for a client's: not only what JSON can hold.
   */
  check(value: unknown, answer: boolean): Checked {
    if (answer && this.#isCanonicalAnswer(value)) return { value };
    const report = new Report(answer, false);
    const canonical = catchFull(() =>
      withForm(value, report, 0, itself, (form) => this.#read(form, report, 0, 0)),
    );
    const { violations, places } = report;
    if (violations.length === 0) return { value: canonical };
    return { issues: violations.map(({ message }, i) => ({ message, path: places[i]! })) };
  }

  /** A getter or a Proxy may throw when it is looked at: the readers say where it stands. */
  #isCanonicalAnswer(value: unknown): boolean {
    try {
      return (this.#canonicalMembers?.(value, false, true) ?? -1) >= 0;
    } catch {
      return false;
    }
  }

  #walk(value: unknown, report: Report): unknown {
    return catchFull(() => this.#read(value, report, 0, 0));
  }
}

const itself = (value: unknown): unknown => value;

/** A reading that ended early has said why. */
function catchFull(read: () => unknown): unknown {
  try {
    return read();
  } catch (error) {
    if (error instanceof ReportFull) return undefined;
    throw error;
  }
}
