import { ServingError } from '../errors/index.js';

/**
 * An answer that has passed its schema: as text, serialised once and sent as it is, or as the value
 * that an interceptor of the app may look at.
 */
export class Answer {
  readonly text: string;
  readonly #value: unknown;

  private constructor(text: string, value: unknown) {
    this.text = text;
    this.#value = value;
  }

  /**
   * Serialises plain JSON: a canonical answer, or what `answerValue` made of one without a schema.
   *
   * @throws {ServingError} `InvalidAnswer` where the text would be longer than a string may be
   */
  static of(value: unknown): Answer {
    try {
      return new Answer(JSON.stringify(value) ?? 'null', value);
    } catch (cause) {
      throw new ServingError('InvalidAnswer', 'The answer cannot be written as JSON', { cause });
    }
  }

  /** An answer whose text was kept; each holder gets a value of its own. */
  static fromText(text: string): Answer {
    return new Answer(text, undefined);
  }

  get value(): unknown {
    return this.#value === undefined ? JSON.parse(this.text) : this.#value;
  }
}
