const ESCAPE =
  /\\(?:([0-7]{1,3})|[xX]([\da-fA-F]{1,2})|u([\da-fA-F]{4})|U([\da-fA-F]{8})|([\s\S]))/g;
const NAMED: Readonly<Record<string, string>> = {
  a: '\x07', b: '\b', f: '\f', n: '\n', r: '\r', t: '\t', v: '\v',
}; // prettier-ignore

/** The text that a string literal stands for. Octal and hexadecimal escapes are bytes of UTF-8. */
export function unescape(literal: string): string {
  if (!literal.includes('\\')) return literal;
  const bytes: Buffer[] = [];
  let from = 0;
  for (const match of literal.matchAll(ESCAPE)) {
    bytes.push(Buffer.from(literal.slice(from, match.index)), bytesOf(match));
    from = match.index + match[0].length;
  }
  bytes.push(Buffer.from(literal.slice(from)));
  return Buffer.concat(bytes).toString('utf8');
}

function bytesOf([, octal, hex, short, long, named]: RegExpExecArray): Buffer {
  if (octal !== undefined) return Buffer.from([Number.parseInt(octal, 8)]);
  if (hex !== undefined) return Buffer.from([Number.parseInt(hex, 16)]);
  const point = short ?? long;
  if (point !== undefined) return Buffer.from(codePoint(Number.parseInt(point, 16)));
  return Buffer.from(NAMED[named as string] ?? (named as string));
}

function codePoint(point: number): string {
  return point <= 0x10ffff ? String.fromCodePoint(point) : '\ufffd';
}
