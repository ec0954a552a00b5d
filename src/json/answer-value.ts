import { AnswerWalk, DEEPEST_ANSWER } from './answer-walk.js';

/**
 * A handler's result, without a schema, as a value that `JSON.stringify` says all of: the same one
 * where it is plain JSON already, and otherwise what the rule of `jsonForm` makes of it at every
 * level. A field that is undefined is absent; an element of an array keeps its place, as null.
 *
 * @throws {ServingError} `InvalidAnswer` that names the path and the remedy
 */
export function answerValue(value: unknown): unknown {
  return isSurelyPlain(value) ? value : new AnswerWalk().read(value);
}

/** A getter or a Proxy may throw when it is looked at: the walk says where it stands. */
function isSurelyPlain(value: unknown): boolean {
  try {
    return isPlain(value, 0);
  } catch {
    return false;
  }
}

/** Makes nothing and looks at each value once: most answers are plain. */
function isPlain(value: unknown, depth: number): boolean {
  switch (typeof value) {
    case 'string':
    case 'boolean':
    case 'undefined':
      return true;
    case 'number':
      return value - value === 0;
    case 'object':
      if (value === null) return true;
      if (depth > DEEPEST_ANSWER) return false;
      return Array.isArray(value) ? isPlainList(value, depth) : isPlainRecord(value, depth);
    default:
      return false;
  }
}

function isPlainList(list: readonly unknown[], depth: number): boolean {
  if (Object.getPrototypeOf(list) !== Array.prototype) return false;
  for (let i = 0; i < list.length; i++) {
    const element = list[i];
    // Long lists are of numbers for the most part.
    if (typeof element === 'number') {
      if (element - element !== 0) return false;
    } else if (!isPlain(element, depth + 1)) return false;
  }
  return true;
}

/** What shows no fields may hide an iterator or a `toJSON`, so that the walk has to look closer. */
function isPlainRecord(record: object, depth: number): boolean {
  if (Object.getPrototypeOf(record) !== Object.prototype) return false;
  let isEmpty = true;
  for (const key in record) {
    isEmpty = false;
    if (!isPlain((record as Record<string, unknown>)[key], depth + 1)) return false;
  }
  return !isEmpty;
}
