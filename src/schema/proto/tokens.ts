import { SourceError } from './source-error.js';
import { unescape } from './string-literal.js';

const NAME = /[A-Za-z_]\w*/y;
const NUMBER = /0[xX][\da-fA-F]+|(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?[fF]?/y;
const STRING = /"(?:[^"\\\n]|\\[^\n])*"|'(?:[^'\\\n]|\\[^\n])*'/y;
const SPACE = /\s+/y;

/**
 * The tokens of a .proto file, as protoc cuts them: comments stand for nothing, wherever they are,
 * and a dot is a token of its own.
 */
export class Tokens {
  readonly #texts: string[] = [];
  readonly #lines: number[] = [];
  #next = 0;

  constructor(
    readonly file: string,
    text: string,
  ) {
    this.#scan(text);
  }

  /** The token in hand; empty at the end. */
  get text(): string {
    return this.#texts[this.#next] ?? '';
  }

  get line(): number {
    return this.#lines[Math.min(this.#next, this.#lines.length - 1)] ?? 1;
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
    return new SourceError(this.file, this.line, message);
  }

  #scan(text: string): void {
    let line = 1;
    let at = text.charCodeAt(0) === 0xfeff ? 1 : 0;
    const match = (pattern: RegExp): string | undefined => {
      pattern.lastIndex = at;
      return pattern.exec(text)?.[0];
    };
    while (at < text.length) {
      const gap = match(SPACE) ?? commentAt(text, at);
      if (gap === undefined) {
        const token = match(NAME) ?? match(NUMBER) ?? match(STRING) ?? text.charAt(at);
        if (token === '"' || token === "'") {
          throw new SourceError(this.file, line, 'a string does not end on its line');
        }
        this.#texts.push(token);
        this.#lines.push(line);
        at += token.length;
        continue;
      }
      if (gap === '') throw new SourceError(this.file, line, 'a comment does not end');
      for (let i = gap.indexOf('\n'); i >= 0; i = gap.indexOf('\n', i + 1)) line++;
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
