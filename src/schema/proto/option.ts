import type { Tokens } from './tokens.js';

export type OptionValue = string | number | boolean;

/** A leaf of an option: `(acme.limit).max` and its value. */
export type OptionLeaf = readonly [path: string, value: OptionValue];

const MAX_DEPTH = 100;

/** `name = value`, after the word `option` or inside brackets, as the leaves that it sets. */
export function readOption(tokens: Tokens): OptionLeaf[] {
  const path = readName(tokens);
  tokens.expect('=');
  const leaves: OptionLeaf[] = [];
  if (tokens.text === '{') readAggregate(tokens, path, leaves, 0);
  else leaves.push([path, readConstant(tokens)]);
  return leaves;
}

/** `[a = 1, (b).c = { … }]`, where there is one. */
export function readInlineOptions(tokens: Tokens): OptionLeaf[] {
  if (!tokens.skip('[')) return [];
  const leaves: OptionLeaf[] = [];
  do leaves.push(...readOption(tokens));
  while (tokens.skip(','));
  tokens.expect(']');
  return leaves;
}

function readName(tokens: Tokens): string {
  const parts: string[] = [];
  do {
    if (tokens.skip('(')) {
      parts.push(`(${tokens.path('option name').replace(/^\./, '')})`);
      tokens.expect(')');
    } else parts.push(tokens.name('option name'));
  } while (tokens.skip('.'));
  return parts.join('.');
}

/** The text format: `{ a: 1 b { c: "x" } [acme.ext]: [1, 2] }`, with `<` and `>` as braces too. */
function readAggregate(tokens: Tokens, path: string, leaves: OptionLeaf[], depth: number): void {
  if (depth > MAX_DEPTH) throw tokens.error(`an option nests deeper than ${MAX_DEPTH}`);
  const close = tokens.take() === '<' ? '>' : '}';
  while (!tokens.skip(close)) {
    const member = `${path}.${readMember(tokens)}`;
    const colon = tokens.skip(':');
    if (opensAggregate(tokens)) readAggregate(tokens, member, leaves, depth + 1);
    else if (tokens.text === '[') readList(tokens, member, leaves, depth + 1);
    else if (colon) leaves.push([member, readConstant(tokens)]);
    else throw tokens.illegal('token', "':'");
    if (!tokens.skip(',')) tokens.skip(';');
  }
}

function readMember(tokens: Tokens): string {
  if (!tokens.skip('[')) return tokens.name('option name');
  let name = '';
  while (!tokens.skip(']')) {
    if (tokens.atEnd) throw tokens.illegal('token');
    name += tokens.take();
  }
  return `(${name})`;
}

function readList(tokens: Tokens, path: string, leaves: OptionLeaf[], depth: number): void {
  tokens.expect('[');
  if (tokens.skip(']')) return;
  do {
    if (opensAggregate(tokens)) readAggregate(tokens, path, leaves, depth);
    else leaves.push([path, readConstant(tokens)]);
  } while (tokens.skip(','));
  tokens.expect(']');
}

function opensAggregate({ text }: Tokens): boolean {
  return text === '{' || text === '<';
}

function readConstant(tokens: Tokens): OptionValue {
  if (tokens.isString) return tokens.string('value');
  const negative = tokens.skip('-');
  if (!negative) tokens.skip('+');
  if (tokens.isName) {
    const name = tokens.take();
    if (negative) return -named(name);
    if (name === 'true' || name === 'false') return name === 'true';
    return name === 'inf' || name === 'nan' ? named(name) : name;
  }
  if (!/^[\d.]\w*/.test(tokens.text) || tokens.text === '.') throw tokens.illegal('value');
  return number(tokens.take(), negative);
}

function named(name: string): number {
  return /^inf(?:inity)?$/i.test(name) ? Infinity : NaN;
}

/** An integer that no double holds stays text, which protobufjs reads as well. */
function number(text: string, negative: boolean): OptionValue {
  const isInteger = /^(?:0[xX][\da-fA-F]+|\d+)$/.test(text);
  if (!isInteger) return (negative ? -1 : 1) * Number.parseFloat(text);
  const integer = BigInt(
    /^0[0-7]+$/.test(text) ? `0o${text.slice(1)}` : text.replace(/^0+(?=\d)/, ''),
  );
  const signed = negative ? -integer : integer;
  return Number.isSafeInteger(Number(signed)) ? Number(signed) : signed.toString();
}
