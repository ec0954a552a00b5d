import { types } from 'node:util';

const OR_STREAM = 'or give the endpoint the option stream: true and return it as it is';

/** Thrown where JSON has no words for a value: the message says what it is, and what to do about it. */
export class NotJson extends Error {
  constructor(what: string, remedy: string) {
    super(`expected a JSON value, got ${what}: ${remedy}`);
  }
}

export function holdsItself(): NotJson {
  return new NotJson('an object that holds itself', 'return a tree, without ways back');
}

/** What is wrong with a value whose reading threw `error`, a getter's or a Proxy's if not ours. */
export function reasonOf(error: unknown): string {
  return error instanceof NotJson
    ? error.message
    : 'expected a JSON value, got one that throws where it is read';
}

/** Refuses what is an answer only after something has been done with it, whatever `toJSON` it has. */
export function refuseUnfinished(value: object): void {
  if (types.isNativeError(value) || value instanceof Error) {
    throw new NotJson('an Error', 'throw it, or return its message');
  }
  if (has(value, 'then')) throw new NotJson('a Promise', 'await it before it is returned');
  if (has(value, 'subscribe') && has(value, 'pipe')) {
    throw new NotJson('an Observable', 'return it itself, or await lastValueFrom() of it');
  }
  if (has(value, 'getStream')) {
    throw new NotJson('a StreamableFile', 'answers are JSON, where a Buffer goes out as base64');
  }
  if (has(value, 'pipe') || has(value, 'getReader') || has(value, 'getWriter')) {
    throw new NotJson('a stream', `read it to its end and return what was in it, ${OR_STREAM}`);
  }
}

/** Refuses an object whose content is not in its own fields, where JSON would look for it. */
export function refuseHidden(value: object): void {
  if (Symbol.iterator in value || Symbol.asyncIterator in value) {
    throw new NotJson('an iterator', `collect it in an array, ${OR_STREAM}`);
  }
  if (Object.keys(value).length === 0 && isOfClassWithMembers(value)) {
    throw new NotJson(
      `${named(value)} without fields of its own`,
      'return a plain object, or give it a toJSON()',
    );
  }
}

function has(value: object, method: string): boolean {
  return typeof (value as Record<string, unknown>)[method] === 'function';
}

/** Accessors, methods or fields that are inherited from anything but Object.prototype, of any realm. */
function isOfClassWithMembers(value: object): boolean {
  let prototype: object | null = Object.getPrototypeOf(value);
  while (prototype !== null) {
    const next: object | null = Object.getPrototypeOf(prototype);
    if (next === null) return false;
    if (Reflect.ownKeys(prototype).some((key) => key !== 'constructor')) return true;
    prototype = next;
  }
  return false;
}

function named(value: object): string {
  const name: unknown = value.constructor?.name;
  return typeof name === 'string' && name !== '' ? `an instance of ${name}` : 'an object';
}
