import type { Call } from '../endpoint/call.js';
import type { Endpoint } from '../endpoint/endpoint.js';
import { InvalidRequest } from '../errors/index.js';
import type { Read } from '../gate/door.js';
import { readJson } from '../gate/json-body.js';
import type { Part } from '../schema/index.js';
import { bodyKindOf, isForm, mediaTypeOf, unsupported } from './media-type.js';
import { readMultipart } from './multipart.js';
import { readUrlEncoded } from './url-encoded.js';

/**
 * Makes a body the input of its call, by its content type.
 *
 * @param done called at once, but for a form of parts
 */
export function readInput(call: Call, body: Buffer, done: Read): void {
  let input: object | undefined;
  try {
    input = inputOf(call, body, done);
  } catch (error) {
    return done(error);
  }
  if (input !== undefined) done(undefined, input);
}

/** @returns `undefined` where `done` will be told */
function inputOf(call: Call, body: Buffer, done: Read): object | undefined {
  const { endpoint } = call;
  call.flaw = undefined;
  const contentType = call.headers['content-type'] as string | undefined;
  const kind = bodyKindOf(contentType, endpoint);
  if (kind === 'json') return readJson(call, body);
  if (kind === 'protobuf') {
    call.body = body;
    return readBinary(call, body);
  }
  if (kind === 'media') return fill(call, body, mediaParts(call, body));
  if (!isForm(body)) return readJson(call, body);
  const type = mediaTypeOf(contentType);
  if (endpoint.schema?.request?.form === undefined) throw unsupported(endpoint, type);
  if (kind === 'form') return fill(call, body, readUrlEncoded(body));
  if (type !== 'multipart/form-data') throw unsupported(endpoint, type);
  readMultipart(contentType!, body)
    .then((parts) => fill(call, body, parts))
    .then((input) => done(undefined, input), done);
  return undefined;
}

/**
 * What a binary message breaks of its schema shows as it is read, where for JSON the validation finds it: it
 * is the validation's to say.
 */
function readBinary(call: Call, body: Buffer): object {
  try {
    return call.endpoint.schema!.request!.readBinary(body) as object;
  } catch (error) {
    if (!(error instanceof InvalidRequest)) throw error;
    call.flaw = error;
    return {};
  }
}

/** Parts as the input of a call, which is checked as that of JSON is. */
function fill(call: Call, body: Buffer, parts: Iterable<Part>): object {
  const { value, text } = formOf(call.endpoint).read(parts);
  call.body = body;
  call.text = text;
  return value;
}

function formOf({ schema }: Endpoint) {
  return schema!.request!.form!;
}

/** A picture, a sound, a film: the field that holds it, and beside it what the query says. */
function mediaParts({ endpoint, query }: Call, body: Buffer): Part[] {
  const parts = Object.entries(query).flatMap(([name, values]) =>
    [values].flat().map((value) => ({ name, content: Buffer.from(value!) })),
  );
  return [{ name: formOf(endpoint).mediaField!, content: body }, ...parts];
}
