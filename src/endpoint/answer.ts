import { ServingError } from '../errors/index.js';
import type { MessageCodec } from '../schema/index.js';

/**
 * An answer that has passed its schema: as text or as a binary message, made once and sent as it is, or as
 * the value that an interceptor of the app may look at.
 */
export class Answer {
  readonly #value: unknown;
  #text: string | undefined;
  #bytes: Buffer | undefined;

  private constructor(value: unknown, text: string | undefined, bytes: Buffer | undefined) {
    this.#value = value;
    this.#text = text;
    this.#bytes = bytes;
  }

  /**
   * Serialises plain JSON: a canonical answer, or what `answerValue` made of one without a schema.
   *
   * @throws {ServingError} `InvalidAnswer` where the text would be longer than a string may be
   */
  static of(value: unknown): Answer {
    return new Answer(value, textOf(value), undefined);
  }

  /** Encodes a canonical answer; its text is written when it is asked for. */
  static binary(value: unknown, codec: MessageCodec): Answer {
    return new Answer(value, undefined, codec.encode(value));
  }

  /** An answer whose value is what is wanted; its text is written when it is asked for. */
  static held(value: unknown): Answer {
    return new Answer(value, undefined, undefined);
  }

  /** An answer whose text was kept; each holder gets a value of its own. */
  static fromText(text: string): Answer {
    return new Answer(undefined, text, undefined);
  }

  get value(): unknown {
    return this.#value === undefined ? JSON.parse(this.text) : this.#value;
  }

  /** @throws {ServingError} as {@link Answer.of} */
  get text(): string {
    return (this.#text ??= textOf(this.#value));
  }

  /** The answer as a binary message of the endpoint's response. */
  bytes(codec: MessageCodec): Buffer {
    return (this.#bytes ??= codec.encode(this.value));
  }
}

function textOf(value: unknown): string {
  try {
    return JSON.stringify(value) ?? 'null';
  } catch (cause) {
    throw new ServingError('InvalidAnswer', 'The answer cannot be written as JSON', { cause });
  }
}
