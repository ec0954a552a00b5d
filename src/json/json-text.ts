import { MAX_VIOLATIONS, type Violation } from '../errors/index.js';
import { ChangedNumbers } from './changed-numbers.js';
import { findDuplicateKeys } from './duplicate-keys.js';
import { hasMembers } from './member-count.js';
import { isTooDeep } from './nesting.js';
import { pathText, type Path } from './path.js';
import { mayHaveUnicodeEscape } from './unicode-escape.js';
import { decodeUtf8 } from './utf8.js';

/** The deepest nesting that is parsed; a schema allows less. */
export const DEEPEST = 1_000;

/**
 * A text of JSON and what its parsed value no longer shows: keys that stood twice, digits that no
 * number can hold. The text is read again only where the value gives cause to.
 */
export class JsonText {
  readonly text: string;
  readonly #bytes: Buffer | undefined;
  #changed: ChangedNumbers | undefined;

  /** @param bytes the text in UTF-8, if it is at hand: some questions are answered faster by it */
  constructor(text: string, bytes?: Buffer) {
    this.text = text;
    this.#bytes = bytes;
  }

  /** The text in bytes of UTF-8, with or without a byte order mark; undefined for other bytes. */
  static decode(bytes: Buffer): JsonText | undefined {
    // RFC 8259, 8.1: a parser may ignore a byte order mark.
    const marked = bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf;
    const unmarked = marked ? bytes.subarray(3) : bytes;
    const text = decodeUtf8(unmarked);
    return text === undefined ? undefined : new JsonText(text, unmarked);
  }

  /**
   * The value, unchecked: it may hold any key and be nested deeper than {@link DEEPEST}.
   *
   * @throws {SyntaxError}
   */
  parse(): unknown {
    if (isTooDeep(this.text, DEEPEST))
      throw new SyntaxError(`nested deeper than ${DEEPEST} levels`);
    return JSON.parse(this.text);
  }

  /** Whether it is plain that no string of the text can hold an unpaired surrogate. */
  isWellFormed(): boolean {
    return !mayHaveUnicodeEscape(this.text);
  }

  /**
   * The keys that stand twice in an object of the text, at most 10.
   *
   * @param members how many members all objects of the parsed value have together: as many as
   * the text has where no key stands twice, and then it is not read
   */
  duplicates(members: number): readonly Violation[] {
    if (hasMembers(this.text, members, this.#bytes)) return [];
    return findDuplicateKeys(this.text, MAX_VIOLATIONS).map((path) => ({
      path: pathText(path),
      message: 'expected each key once, got it twice',
    }));
  }

  /** How the number at the end of a path was written, if parsing changed its value. */
  changedNumber(path: Path, length: number): string | undefined {
    this.#changed ??= new ChangedNumbers(this.#bytes ?? Buffer.from(this.text));
    return this.#changed.literalAt(path, length);
  }
}
