import type { Call } from '../endpoint/call.js';
import { InvalidRequest } from '../errors/index.js';
import { JsonText } from '../json/index.js';

/**
 * The JSON object that a call was sent, as it is: what it may hold is checked on the call's way. The text
 * is kept with the call until then.
 *
 * @param bytes UTF-8, with or without a byte order mark
 * @throws {InvalidRequest}
 */
export function readJson(call: Call, bytes: Buffer): object {
  call.text = decodeBody(bytes);
  return parseBody(call.text);
}

function decodeBody(bytes: Buffer): JsonText {
  const text = JsonText.decode(bytes);
  if (text === undefined) throw new InvalidRequest('The body is not valid UTF-8');
  return text;
}

function parseBody(text: JsonText): object {
  if (text.text.length === 0) throw new InvalidRequest('The body is empty, expected a JSON object');
  const body = parse(text);
  if (typeof body !== 'object' || body === null || Array.isArray(body)) {
    throw new InvalidRequest(`Expected the body to be a JSON object, got ${kindOf(body)}`);
  }
  return body;
}

function parse(text: JsonText): unknown {
  try {
    return text.parse();
  } catch (cause) {
    throw new InvalidRequest(`The body is not valid JSON: ${(cause as Error).message}`, { cause });
  }
}

function kindOf(value: unknown): string {
  if (value === null) return 'null';
  return Array.isArray(value) ? 'an array' : `a ${typeof value}`;
}
