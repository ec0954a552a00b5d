import type { IncomingHttpHeaders } from 'node:http';
import { ServingError } from '../errors/index.js';

/** The media type of a `Content-Type`, in lower case and without its parameters; `''` for none. */
export function mediaTypeOf(contentType = ''): string {
  const end = contentType.indexOf(';');
  return (end < 0 ? contentType : contentType.slice(0, end)).trim().toLowerCase();
}

const PICTURE = /^\s*(?:image|audio|video)\//i;

/**
 * Refuses a picture, a sound or a film before it is read: no JSON says that it is one.
 *
 * @param route the template of the endpoint's route
 * @throws {ServingError} `UnsupportedMediaType`
 */
export function refusePicture(headers: IncomingHttpHeaders, route: string): void {
  const contentType = headers['content-type'];
  if (contentType !== undefined && PICTURE.test(contentType)) throw unsupported(route, contentType);
}

/**
 * Refuses a form. What says that it is one may be JSON none the less (`curl -d` says so of everything):
 * a body that begins like a JSON object is read as one.
 *
 * @throws {ServingError} `UnsupportedMediaType`
 */
export function refuseForm(headers: IncomingHttpHeaders, body: Buffer, route: string): void {
  const contentType = headers['content-type'];
  if (body[0] === OPENING_BRACE || contentType === undefined || !isForm(contentType)) return;
  const first = firstCharacter(body);
  if (first !== undefined && first !== OPENING_BRACE) throw unsupported(route, contentType);
}

function isForm(contentType: string): boolean {
  const type = mediaTypeOf(contentType);
  return type.startsWith('multipart/') || type === 'application/x-www-form-urlencoded';
}

/** Space, tab, line feed and carriage return (RFC 8259, 2). */
const WHITE_SPACE: readonly number[] = [0x20, 0x09, 0x0a, 0x0d];
const OPENING_BRACE = 0x7b;

/** The first byte of a body after its byte order mark and white space; `undefined` where there is none. */
function firstCharacter(body: Buffer): number | undefined {
  const marked = body[0] === 0xef && body[1] === 0xbb && body[2] === 0xbf;
  let index = marked ? 3 : 0;
  while (WHITE_SPACE.includes(body[index]!)) index++;
  return body[index];
}

function unsupported(route: string, contentType: string): ServingError {
  const type = mediaTypeOf(contentType).slice(0, 60);
  return new ServingError(
    'UnsupportedMediaType',
    `Expected the body of POST ${route} to be a JSON object (application/json), got ${type}`,
  );
}
