import { isUtf8 } from 'node:buffer';
import secureJson from 'secure-json-parse';
import { InvalidRequest } from '../errors/index.js';

/** The deepest nesting a body may have where no schema bounds it. */
const DEEPEST = 1_000;

/**
 * The text of a body, whatever its Content-Type says: UTF-8, with or without a byte order mark.
 *
 * @throws {InvalidRequest}
 */
export function decodeBody(bytes: Buffer): string {
  if (!isUtf8(bytes)) throw new InvalidRequest('The body is not valid UTF-8');
  // RFC 8259, 8.1: a parser may ignore a byte order mark.
  const start =
    bytes.length >= 3 && bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf ? 3 : 0;
  return bytes.toString('utf8', start);
}

/**
 * The JSON object in a body's text.
 *
 * @param guarded Whether a schema looks at every key afterwards. Without one, keys that could reach
 * a prototype when a handler copies them are refused here.
 * @throws {InvalidRequest}
 */
export function parseBody(text: string, guarded: boolean): object {
  if (text.length === 0) throw new InvalidRequest('The body is empty, expected a JSON object');
  const body = parse(text, guarded);
  if (typeof body !== 'object' || body === null || Array.isArray(body)) {
    throw new InvalidRequest(`Expected the body to be a JSON object, got ${kindOf(body)}`);
  }
  // A level takes two characters at least, so that a short text cannot be deep.
  if (!guarded && text.length > 2 * DEEPEST && isDeeperThan(body, DEEPEST)) {
    throw new InvalidRequest(`Expected the body to be nested at most ${DEEPEST} levels deep`);
  }
  return body;
}

function parse(text: string, guarded: boolean): unknown {
  try {
    if (guarded) return JSON.parse(text);
    return secureJson.parse(text, { protoAction: 'error', constructorAction: 'error' });
  } catch (cause) {
    throw new InvalidRequest(`The body is not valid JSON: ${(cause as Error).message}`, { cause });
  }
}

function kindOf(value: unknown): string {
  if (value === null) return 'null';
  return Array.isArray(value) ? 'an array' : `a ${typeof value}`;
}

/** Goes level by level instead of by recursion: a client chooses the depth. */
function isDeeperThan(value: object, limit: number): boolean {
  let level: object[] = [value];
  for (let depth = 1; level.length > 0; depth++) {
    if (depth > limit) return true;
    level = level.flatMap((item) =>
      Object.values(item).filter((child) => typeof child === 'object' && child !== null),
    );
  }
  return false;
}
