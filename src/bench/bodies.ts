/** Data cannot be sent as what it is said to be. */
class DataError extends Error {}

/**
 * The bodies that a file holds: as JSON one value, or one on each line, sent as they are written there;
 * of any other type the file itself.
 *
 * @throws {DataError} where a file of JSON is none
 */
export function bodiesOf(file: Buffer, contentType: string): Buffer[] {
  if (!isJson(contentType)) return [file];
  const text = textOf(file);
  if (isValue(text)) return [Buffer.from(text)];
  const lines = text.split('\n').map((line, index) => ({ text: line.trim(), number: index + 1 }));
  const values = lines.filter((line) => line.text !== '');
  if (values.length === 0) throw new DataError('expected JSON, got nothing');
  const wrong = values.filter((line) => !isValue(line.text));
  // All of it may be one value with a fault in it.
  if (wrong.length === values.length) throw new DataError(`expected JSON: ${faultOf(text)}`);
  if (wrong.length > 0) {
    const [{ text: line, number }] = wrong as [(typeof wrong)[0]];
    throw new DataError(`expected JSON on every line, got on line ${number}: ${faultOf(line)}`);
  }
  return values.map((line) => Buffer.from(line.text));
}

/** By RFC 6839 also what ends with `+json`. */
function isJson(contentType: string): boolean {
  return /^application\/(?:[\w.-]+\+)?json\s*(?:;|$)/i.test(contentType);
}

/** Without the mark of UTF-8 that some editors set, which servers take for a fault. */
function textOf(file: Buffer): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(file);
  } catch {
    throw new DataError('expected JSON, which is UTF-8, got other bytes');
  }
}

function isValue(text: string): boolean {
  return faultOf(text) === undefined;
}

function faultOf(text: string): string | undefined {
  try {
    JSON.parse(text);
    return undefined;
  } catch (error) {
    return (error as Error).message;
  }
}
