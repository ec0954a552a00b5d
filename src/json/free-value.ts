import { invalidRequest } from '../errors/index.js';
import { DEEPEST, type JsonText } from './json-text.js';
import { pathText, quote } from './path.js';
import { HARMLESS_KEY, reachesPrototype } from './prototype-key.js';

/**
 * Checks parsed JSON that no schema describes: no key reaches a prototype, none stands twice, and
 * nothing is nested too deep.
 *
 * @param text what the value was parsed from, if it was
 * @throws {InvalidRequest}
 */
export function checkFreeValue(value: unknown, text?: JsonText): void {
  if (typeof value !== 'object' || value === null) return;
  const walk = new Walk();
  walk.container(value, 1);
  const duplicates = text?.duplicates(walk.members) ?? [];
  if (duplicates.length > 0) throw invalidRequest(duplicates);
}

class Walk {
  members = 0;
  readonly #path: (string | number)[] = [];

  container(value: object, depth: number): void {
    if (depth > DEEPEST) {
      this.#refuse(`expected at most ${DEEPEST} levels of nesting, got more`, depth - 1);
    }
    if (Array.isArray(value)) this.#elements(value, depth);
    else this.#members(value as Record<string, unknown>, depth);
  }

  #elements(list: readonly unknown[], depth: number): void {
    for (let i = 0; i < list.length; i++) {
      const element = list[i];
      if (typeof element !== 'object' || element === null) continue;
      this.#path[depth - 1] = i;
      this.container(element, depth + 1);
    }
  }

  #members(object: Record<string, unknown>, depth: number): void {
    for (const key in object) {
      const member = object[key];
      this.members++;
      if (reachesPrototype(key, member)) {
        this.#path[depth - 1] = key;
        this.#refuse(`expected ${HARMLESS_KEY}, got ${quote(key)}`, depth);
      }
      if (typeof member !== 'object' || member === null) continue;
      this.#path[depth - 1] = key;
      this.container(member, depth + 1);
    }
  }

  #refuse(message: string, length: number): never {
    throw invalidRequest([{ path: pathText(this.#path, length), message }]);
  }
}
