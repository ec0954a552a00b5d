import type { IncomingHttpHeaders } from 'node:http';
import { ServingError } from '../errors/index.js';

/** The media type of a `Content-Type`, in lower case and without its parameters; `''` for none. */
export function mediaTypeOf(contentType = ''): string {
  const end = contentType.indexOf(';');
  return (end < 0 ? contentType : contentType.slice(0, end)).trim().toLowerCase();
}

/**
 * Refuses a picture, a sound or a film before it is read: no JSON says that it is one.
 *
 * @param route the template of the endpoint's route
 * @throws {ServingError} `UnsupportedMediaType`
 */
export function refusePicture(headers: IncomingHttpHeaders, route: string): void {
  const type = mediaTypeOf(headers['content-type']);
  if (/^(image|audio|video)\//.test(type)) throw unsupported(route, type);
}

/**
 * Refuses a form. What says that it is one may be JSON none the less (`curl -d` says so of everything):
 * a body that begins like a JSON object is read as one.
 *
 * @throws {ServingError} `UnsupportedMediaType`
 */
export function refuseForm(headers: IncomingHttpHeaders, body: Buffer, route: string): void {
  const type = mediaTypeOf(headers['content-type']);
  if (!type.startsWith('multipart/') && type !== 'application/x-www-form-urlencoded') return;
  const first = firstCharacter(body);
  if (first !== undefined && first !== OPENING_BRACE) throw unsupported(route, type);
}

const BYTE_ORDER_MARK = Buffer.from('\ufeff');
/** Space, tab, line feed and carriage return (RFC 8259, 2). */
const WHITE_SPACE: readonly number[] = [0x20, 0x09, 0x0a, 0x0d];
const OPENING_BRACE = 0x7b;

/** The first byte of a body after its byte order mark and white space; `undefined` where there is none. */
function firstCharacter(body: Buffer): number | undefined {
  const marked = body.subarray(0, BYTE_ORDER_MARK.length).equals(BYTE_ORDER_MARK);
  let index = marked ? BYTE_ORDER_MARK.length : 0;
  while (WHITE_SPACE.includes(body[index]!)) index++;
  return body[index];
}

function unsupported(route: string, type: string): ServingError {
  return new ServingError(
    'UnsupportedMediaType',
    `Expected the body of POST ${route} to be a JSON object (application/json), got ${type.slice(0, 60)}`,
  );
}
