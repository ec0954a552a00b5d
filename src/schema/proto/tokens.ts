import { attachedComments, type AttachedComments } from './comment.js';
import type { Place } from './place.js';
import { SourceError } from './source-error.js';
import { unescape } from './string-literal.js';

const NAME = /[A-Za-z_]\w*/y;
const NUMBER = /0[xX][\da-fA-F]+|(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?[fF]?/y;
const STRING = /"(?:[^"\\\n]|\\[^\n])*"|'(?:[^'\\\n]|\\[^\n])*'/y;
const SPACE = /\s+/y;

/**
 * The tokens of a .proto file, as protoc cuts them: comments stand for nothing, wherever they are,
 * but for what they say of a declaration, and a dot is a token of its own.
 */
export class Tokens {
  readonly #source: string;
  readonly #texts: string[] = [];
  /** Where each token starts. */
  readonly #starts: number[] = [];
  /** Where the gap before a token starts, for those that have a comment before them. */
  readonly #commented = new Map<number, number>();
  #next = 0;
  /** The first token of the declaration in hand. */
  #first = 0;

  constructor(
    readonly file: string,
    source: string,
  ) {
    this.#source = source;
    this.#scan(source);
  }

  /** The token in hand; empty at the end. */
  get text(): string {
    return this.#texts[this.#next] ?? '';
  }

  /** Where the token in hand starts; at the end, where the last one does. */
  get offset(): number {
    return this.#starts[Math.min(this.#next, this.#starts.length - 1)] ?? 0;
  }

  placeAt(offset: number): Place {
    return { file: this.file, source: this.#source, offset };
  }

  get atEnd(): boolean {
    return this.#next >= this.#texts.length;
  }

  get isName(): boolean {
    return /^[A-Za-z_]/.test(this.text);
  }

  get isString(): boolean {
    return /^["']/.test(this.text);
  }

  /** The token after the one in hand. */
  get following(): string {
    return this.#texts[this.#next + 1] ?? '';
  }

  take(): string {
    const { text } = this;
    this.#next++;
    return text;
  }

  /** A declaration starts with the token in hand. */
  begin(): void {
    this.#first = this.#next;
  }

  /** Where the declaration that was begun last starts. */
  get beginning(): number {
    return this.#starts[this.#first] ?? 0;
  }

  /**
   * What the comments before the declaration that was begun last say of it, and those after the
   * token just taken, which has ended it or opened its braces; null, as protobufjs has it, for none.
   */
  comment(): string | null {
    const before = this.#commentsBefore(this.#first).leading;
    const after = this.#commentsBefore(this.#next).trailing;
    return [before, after].filter((text) => text !== undefined && text !== '').join('\n\n') || null;
  }

  /** Whether the token in hand is `text`, which is then taken. */
  skip(text: string): boolean {
    if (this.text !== text) return false;
    this.#next++;
    return true;
  }

  expect(text: string): void {
    if (!this.skip(text)) throw this.illegal('token', `'${text}'`);
  }

  name(what = 'name'): string {
    if (!this.isName) throw this.illegal(what);
    return this.take();
  }

  /** `a.b.C`, or with a leading dot. */
  path(what: string): string {
    let path = this.skip('.') ? '.' : '';
    path += this.name(what);
    while (this.skip('.')) path += `.${this.name(what)}`;
    return path;
  }

  integer(what: string): number {
    const negative = this.skip('-');
    const { text } = this;
    if (!/^(?:0[xX][\da-fA-F]+|0[0-7]*|[1-9]\d*)$/.test(text)) throw this.illegal(what);
    this.take();
    const value = Number(/^0[0-7]/.test(text) ? `0o${text.slice(1)}` : text);
    // A zero has no sign.
    return negative && value !== 0 ? -value : value;
  }

  /** Strings that follow each other are one. */
  string(what: string): string {
    if (!this.isString) throw this.illegal(what);
    const parts: string[] = [];
    while (this.isString) parts.push(this.take().slice(1, -1));
    return unescape(parts.join(''));
  }

  illegal(what: string, expected?: string): SourceError {
    if (this.atEnd) return this.error('unexpected end of the file');
    const wanted = expected === undefined ? '' : `, expected ${expected}`;
    return this.error(`illegal ${what} '${this.text.slice(0, 40)}'${wanted}`);
  }

  error(message: string): SourceError {
    return this.errorAt(this.offset, message);
  }

  errorAt(offset: number, message: string): SourceError {
    return new SourceError(this.file, this.#source, offset, message);
  }

  #commentsBefore(index: number): AttachedComments {
    const start = this.#commented.get(index);
    if (start === undefined) return {};
    const gap = this.#source.slice(start, this.#starts[index]);
    return attachedComments(gap, index === 0, this.#texts[index] ?? '');
  }

  #scan(source: string): void {
    let at = source.charCodeAt(0) === 0xfeff ? 1 : 0;
    let gapStart = at;
    const match = (pattern: RegExp): string | undefined => {
      pattern.lastIndex = at;
      return pattern.exec(source)?.[0];
    };
    while (at < source.length) {
      const space = match(SPACE);
      const gap = space ?? commentAt(source, at);
      if (gap === undefined) {
        const token = match(NAME) ?? match(NUMBER) ?? match(STRING) ?? source.charAt(at);
        if (token === '"' || token === "'") {
          throw this.errorAt(at, 'a string does not end on its line');
        }
        this.#texts.push(token);
        this.#starts.push(at);
        at += token.length;
        gapStart = at;
        continue;
      }
      if (gap === '') throw this.errorAt(at, 'a comment does not end');
      if (space === undefined) this.#commented.set(this.#texts.length, gapStart);
      at += gap.length;
    }
  }
}

/** The comment that starts at `at`; empty if it does not end, undefined if there is none. */
function commentAt(text: string, at: number): string | undefined {
  if (text.startsWith('//', at)) {
    const end = text.indexOf('\n', at);
    return text.slice(at, end < 0 ? text.length : end);
  }
  if (!text.startsWith('/*', at)) return undefined;
  const end = text.indexOf('*/', at + 2);
  return end < 0 ? '' : text.slice(at, end + 2);
}
