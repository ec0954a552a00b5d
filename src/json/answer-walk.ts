import { ServingError, summaryOf } from '../errors/index.js';
import { jsonForm } from './json-form.js';
import { pathText } from './path.js';
import { NotJson, holdsItself, reasonOf } from './unsayable.js';

/** Beyond it `JSON.stringify` may run out of stack. A request without a schema may be half as deep. */
export const DEEPEST_ANSWER = 2_000;

/** Makes plain JSON of one answer, level by level. */
export class AnswerWalk {
  /** The way to the value in hand, and so, once something was thrown, to what threw it. */
  readonly #path: (string | number)[] = [];
  /** The objects on that way. */
  readonly #open = new Set<object>();

  /** @throws {ServingError} `InvalidAnswer` that names the path and the remedy */
  read(value: unknown): unknown {
    try {
      return this.#value(value);
    } catch (cause) {
      const violation = { path: pathText(this.#path), message: reasonOf(cause) };
      throw new ServingError('InvalidAnswer', summaryOf('answer', [violation]), {
        cause: cause instanceof NotJson ? undefined : cause,
        details: [violation],
      });
    }
  }

  #value(value: unknown): unknown {
    if (typeof value !== 'object' || value === null) return jsonForm(value);
    if (this.#open.has(value)) throw holdsItself();
    if (this.#path.length > DEEPEST_ANSWER) {
      throw new NotJson(`more than ${DEEPEST_ANSWER} levels`, 'return a flatter value');
    }
    this.#open.add(value);
    const form = jsonForm(value);
    const out = typeof form === 'object' && form !== null ? this.#members(form) : form;
    this.#open.delete(value);
    return out;
  }

  #members(form: object): unknown {
    return Array.isArray(form) ? this.#list(form) : this.#record(form as Record<string, unknown>);
  }

  #list(list: readonly unknown[]): unknown[] {
    const out: unknown[] = [];
    for (let i = 0; i < list.length; i++) {
      this.#path.push(i);
      out.push(this.#value(list[i]));
      this.#path.pop();
    }
    return out;
  }

  #record(record: Record<string, unknown>): object {
    const entries: [string, unknown][] = [];
    for (const key of Object.keys(record)) {
      this.#path.push(key);
      const member = this.#value(record[key]);
      if (member !== undefined) entries.push([key, member]);
      this.#path.pop();
    }
    // Unlike assignment it makes a field of any name, `__proto__` as well.
    return Object.fromEntries(entries);
  }
}
