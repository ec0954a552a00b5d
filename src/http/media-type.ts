import { ServingError } from '../errors/index.js';
import type { Endpoint } from '../endpoint/endpoint.js';

/** The media type of a `Content-Type`, in lower case and without its parameters; `''` for none. */
export function mediaTypeOf(contentType = ''): string {
  const end = contentType.indexOf(';');
  return (end < 0 ? contentType : contentType.slice(0, end)).trim().toLowerCase();
}

/** As an `Accept` is answered, the preferred one first. */
export const PROTOBUF_TYPES: readonly string[] = [
  'application/x-protobuf',
  'application/protobuf',
  'application/vnd.google.protobuf',
];

/**
 * What a body is by its content type: `json` is all that nothing else is said of, as `curl -d` says that
 * everything is a form.
 */
export type BodyKind = 'json' | 'protobuf' | 'multipart' | 'form' | 'media';

/**
 * How the body of a request to an endpoint is to be read. Bytes without a type of their own are those of
 * the one field that holds bytes, or else JSON.
 *
 * @throws {ServingError} `UnsupportedMediaType` for what it cannot be by its type alone
 */
export function bodyKindOf(contentType: string | undefined, endpoint: Endpoint): BodyKind {
  if (contentType === undefined || contentType === 'application/json') return 'json';
  const type = mediaTypeOf(contentType);
  const request = endpoint.schema?.request;
  if (PROTOBUF_TYPES.includes(type)) {
    if (request === undefined) throw unsupported(endpoint, type);
    return 'protobuf';
  }
  if (type === 'application/x-www-form-urlencoded') return 'form';
  if (type.startsWith('multipart/')) return 'multipart';
  const takesMedia = request?.form?.mediaField !== undefined;
  if (/^(?:image|audio|video)\//.test(type)) {
    if (!takesMedia) throw unsupported(endpoint, type);
    return 'media';
  }
  return takesMedia && type === 'application/octet-stream' ? 'media' : 'json';
}

/** Space, tab, line feed and carriage return (RFC 8259, 2). */
const WHITE_SPACE: readonly number[] = [0x20, 0x09, 0x0a, 0x0d];
const OPENING_BRACE = 0x7b;

/**
 * Whether what is said to be a form is one: a body that is empty or begins like a JSON object is read as
 * JSON.
 */
export function isForm(body: Buffer): boolean {
  const marked = body[0] === 0xef && body[1] === 0xbb && body[2] === 0xbf;
  let index = marked ? 3 : 0;
  while (WHITE_SPACE.includes(body[index]!)) index++;
  return index < body.length && body[index] !== OPENING_BRACE;
}

/** Says what an endpoint takes to who sent something else. */
export function unsupported({ route, schema }: Endpoint, type: string): ServingError {
  const taken = ['a JSON object (application/json)'];
  if (schema?.request !== undefined) taken.push(PROTOBUF_TYPES[0]!);
  if (schema?.request?.form !== undefined) taken.push('multipart/form-data');
  const last = taken.length > 1 ? ` or ${taken.pop()}` : '';
  return new ServingError(
    'UnsupportedMediaType',
    `Expected the body of POST ${route} to be ${taken.join(', ')}${last}, got ${type.slice(0, 60)}`,
  );
}
