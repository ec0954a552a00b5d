import { randomUUID } from 'node:crypto';

const VISIBLE_ASCII = /^[\x21-\x7e]{1,128}$/;

/** The client's id for a request, from its `x-request-id`, or one made for it. */
export function requestIdOf(header: unknown): string {
  return typeof header === 'string' && VISIBLE_ASCII.test(header) ? header : randomUUID();
}
