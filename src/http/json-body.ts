import { InvalidRequest } from '../errors/index.js';
import { JsonText } from '../json/index.js';

/**
 * The text of a body, whatever its Content-Type says: UTF-8, with or without a byte order mark.
 *
 * @throws {InvalidRequest}
 */
export function decodeBody(bytes: Buffer): JsonText {
  const text = JsonText.decode(bytes);
  if (text === undefined) throw new InvalidRequest('The body is not valid UTF-8');
  return text;
}

/**
 * The JSON object in a body's text, as it is: what it may hold is checked on the call's way.
 *
 * @throws {InvalidRequest}
 */
export function parseBody(text: JsonText): object {
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
