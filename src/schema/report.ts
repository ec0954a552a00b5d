import { MAX_VIOLATIONS, type Violation } from '../errors/index.js';
import { cut, holdsItself, pathText, quote, type JsonText, type Path } from '../json/index.js';

/** Where the slow path reads a value: it gives the canonical form, or reports why there is none. */
export type Reader = (value: unknown, report: Report, at: number, depth: number) => unknown;

/** Messages may nest this deep below the root, as in every protobuf implementation. */
export const MAX_DEPTH = 100;

/** Ends a walk whose report is full; it never leaves this folder. */
export class ReportFull extends Error {}

/** What one walk over a value knows: whose value it is, where the walk stands, what it found wrong. */
export class Report {
  readonly violations: Violation[] = [];
  /** The places of the violations, whole. */
  readonly places: Path[] = [];
  /** The way to the value in hand; only the first `at` segments, as readers pass them, are valid. */
  readonly path: (string | number)[] = [];
  /** The handler's objects on that way, so that one which holds itself is told from a deep one. */
  readonly #holders: unknown[] = [];
  /** How many members the objects had that were read, for {@link JsonText.duplicates}. */
  members = 0;
  /** The depth of the message inside the innermost Any, or -1 outside: that message is encoded. */
  anyDepth = -1;

  /**
   * @param answer whether the value is a handler's, which may hold bigint, Date, typed arrays …
   * @param wellFormed whether the caller vouches that no string holds a lone surrogate
   * @param text what the value was parsed from, if it was
   */
  constructor(
    readonly answer: boolean,
    readonly wellFormed: boolean,
    readonly text?: JsonText,
  ) {}

  /** @throws {NotJson} where `value` holds itself */
  enter(value: unknown, at: number): void {
    for (let i = 0; i < at; i++) {
      if (this.#holders[i] === value) throw holdsItself();
    }
    this.#holders[at] = value;
  }

  fail(at: number, expected: string, got: unknown): undefined {
    return this.refuse(at, `expected ${expected}, got ${describe(got)}`);
  }

  tooDeep(at: number): undefined {
    return this.refuse(at, `expected at most ${MAX_DEPTH} levels of nesting, got more`);
  }

  refuse(at: number, message: string): undefined {
    this.violations.push({ path: pathText(this.path, at), message });
    this.places.push(this.path.slice(0, at));
    if (this.violations.length >= MAX_VIOLATIONS) throw new ReportFull();
    return undefined;
  }
}

/** A value in a few words, whatever it is; little of it is read. */
export function describe(value: unknown): string {
  switch (typeof value) {
    case 'string':
      return quote(value);
    case 'number':
    case 'boolean':
    case 'undefined':
      return Object.is(value, -0) ? '-0' : String(value);
    case 'bigint':
      return quoteDigits(value);
    case 'object':
      if (value === null) return 'null';
      if (Array.isArray(value)) return `an array of ${value.length}`;
      if (value instanceof Date) return 'a Date';
      return ArrayBuffer.isView(value) ? 'a typed array' : describeObject(value);
    default:
      return `a ${typeof value}`;
  }
}

function describeObject(value: object): string {
  const kind = Object.prototype.toString.call(value).slice('[object '.length, -1);
  return kind === 'Object' ? 'an object' : `an object (${cut(kind)})`;
}

function quoteDigits(value: bigint): string {
  const digits =
    BigInt.asIntN(256, value) === value ? `${value}n` : 'a bigint of more than 256 bits';
  return cut(digits);
}

/** Sets an own property whatever its name: `__proto__` as a key must not reach the prototype. */
export function setOwn(target: Record<string, unknown>, key: string, value: unknown): void {
  if (key === '__proto__') {
    Object.defineProperty(target, key, {
      value,
      enumerable: true,
      configurable: true,
      writable: true,
    });
  } else {
    target[key] = value;
  }
}

/** ES2024's `isWellFormed`, which Node 20 has and TypeScript's ES2023 library does not know. */
export function isWellFormed(text: string): boolean {
  return (text as string & { isWellFormed(): boolean }).isWellFormed();
}
