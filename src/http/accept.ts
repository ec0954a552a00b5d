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
  const preferred = acceptedType(accept, TYPES);
  return preferred === TYPES[0] ? undefined : preferred;
}

/** A parameter of a media range, but for its weight; in linear time. */
const PARAMETER = /;\s*(?!q\s*=)[^\s=;,"]+=(?:"(?:[^"\\]|\\.)*"|[^\s;,"]*)/gi;

/**
 * Which of `types` a client prefers, by its `Accept`; of equals the one that stands first. Parameters
 * (`charset`, `messageType`, `odata`) set no types apart here, neither those of requests nor these.
 */
export function acceptedType(accept: string, types: readonly string[]): string | undefined {
  const headers = { accept: accept.replaceAll(PARAMETER, '') };
  return new Negotiator({ headers }).mediaTypes([...types])[0];
}
