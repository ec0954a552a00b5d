import type { JsonText, Path } from '../../json/index.js';
import { NUMERIC } from './datatypes.js';
import { BASE64_ELEMENT, JSON_ELEMENTS, type JsonElement } from './json-element.js';
import { refusal, unexpected } from './refusal.js';
import { checkCount } from './shape.js';
import type { Datatype, Elements } from './tensor.js';

/** What is known of data beside its value. */
export interface JsonData {
  readonly datatype: Datatype;
  readonly shape: readonly number[];
  /** Whether BYTES are no text. */
  readonly isBase64: boolean;
  /** What it was parsed from. */
  readonly text: JsonText | undefined;
  /** Where in the request it stands. */
  readonly place: Path;
}

/**
 * The elements of data in JSON, flat or nested.
 *
 * @throws {InvalidRequest}
 */
export function readJsonElements(data: unknown, about: JsonData): Elements {
  const { datatype, shape, place } = about;
  if (datatype === 'FP16' || datatype === 'BF16') {
    throw refusal(place, `expected ${datatype} as binary data, got JSON`);
  }
  if (!Array.isArray(data)) throw unexpected(place, 'a list', data);
  const lists = new NestedLists(data, place);
  checkCount(lists.count, shape, place);
  if (datatype !== 'BYTES') {
    const elements = new NUMERIC[datatype].Array(lists.count);
    lists.read(JSON_ELEMENTS[datatype], elements, about.text);
    return elements;
  }
  const elements: (string | Uint8Array)[] = [];
  lists.read(about.isBase64 ? BASE64_ELEMENT : JSON_ELEMENTS.BYTES, elements, about.text);
  return elements;
}

/** A tensor of more dimensions is none. */
const MOST_DIMENSIONS = 100;

/** Lists in lists, those of a level equally long: none is longer than it says. */
class NestedLists {
  readonly count: number;
  readonly #data: readonly unknown[];
  readonly #place: Path;
  readonly #lengths: number[] = [];
  /** On the way to the value in hand. */
  readonly #indexes: number[] = [];

  /** @throws {InvalidRequest} */
  constructor(data: readonly unknown[], place: Path) {
    this.#data = data;
    this.#place = place;
    for (let first: unknown = data; Array.isArray(first); first = first[0]) {
      if (this.#lengths.push(first.length) <= MOST_DIMENSIONS) continue;
      throw refusal(place, `expected at most ${MOST_DIMENSIONS} levels of nesting, got more`);
    }
    this.#checkLengths(data, 0);
    this.count = this.#lengths.reduce((product, length) => product * length, 1);
  }

  /** @throws {InvalidRequest} */
  read(element: JsonElement, into: { [index: number]: unknown }, text?: JsonText): void {
    const deepest = this.#lengths.length - 1;
    let at = 0;
    const walk = (list: readonly unknown[], level: number): void => {
      for (let i = 0; i < list.length; i++) {
        const value = list[i];
        if (level < deepest) {
          this.#indexes[level] = i;
          walk(value as unknown[], level + 1);
          continue;
        }
        const read = element.read(value);
        if (read === undefined) throw unexpected(this.#at(level, i), element.expected, value);
        if (typeof read === 'bigint' && isUnsafe(value)) checkDigits(this.#at(level, i), text);
        into[at++] = read;
      }
    };
    walk(this.#data, 0);
  }

  #checkLengths(list: readonly unknown[], level: number): void {
    const length = this.#lengths[level + 1];
    if (length === undefined) return;
    for (let i = 0; i < list.length; i++) {
      const inner = list[i];
      if (!Array.isArray(inner) || inner.length !== length) {
        throw unexpected(this.#at(level, i), `a list of ${length} like the first`, inner);
      }
      this.#indexes[level] = i;
      this.#checkLengths(inner, level + 1);
    }
  }

  #at(level: number, index: number): Path {
    return [...this.#place, ...this.#indexes.slice(0, level), index];
  }
}

function isUnsafe(value: unknown): boolean {
  return typeof value === 'number' && !Number.isSafeInteger(value);
}

/** A number beyond 2^53 is taken where it is exactly what was written. */
function checkDigits(place: Path, text: JsonText | undefined): void {
  const changed = text?.changedNumber(place, place.length);
  if (changed === undefined) return;
  throw refusal(
    place,
    `expected an integer beyond 2^53, where numbers lose digits, as a string, got the number ${changed}`,
  );
}
