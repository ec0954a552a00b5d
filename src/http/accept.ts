import Negotiator from 'negotiator';
import { PROTOBUF_TYPES } from './media-type.js';

/** JSON first: it is what a client gets that has no wish. */
const TYPES = ['application/json', ...PROTOBUF_TYPES];

/**
 * The type of a binary message that a client prefers to JSON, by its `Accept`. Only one that names such a
 * type can: all others get JSON without a closer look.
 */
export function acceptedBinary(accept: string | undefined): string | undefined {
  if (accept === undefined || !/protobuf/i.test(accept)) return undefined;
  const [preferred] = new Negotiator({ headers: { accept } }).mediaTypes(TYPES);
  return preferred === TYPES[0] ? undefined : preferred;
}
