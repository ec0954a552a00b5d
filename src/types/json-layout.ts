import { indented, WIDTH } from './layout.js';

/** A value as JSON, laid out as Prettier does by default. */
export function jsonText(value: unknown): string {
  return linesOf('', value, '', 0).join('\n');
}

/**
 * @param head the key before the value
 * @param tail a comma, where something follows
 * @param column how far the whole is indented
 */
function linesOf(head: string, value: unknown, tail: string, column: number): string[] {
  if (typeof value !== 'object' || value === null) return [head + literal(value) + tail];
  const members: readonly (readonly [head: string, value: unknown])[] = Array.isArray(value)
    ? value.map((item: unknown) => ['', item])
    : Object.entries(value).map(([key, item]) => [`${JSON.stringify(key)}: `, item]);
  const [open, close] = Array.isArray(value) ? '[]' : '{}';
  if (members.length === 0) return [head + open + close + tail];
  if (Array.isArray(value) && !value.some(isObject)) {
    const line = `${head}${open}${value.map(literal).join(', ')}${close}${tail}`;
    if (column + line.length <= WIDTH) return [line];
    if (value.every((item) => typeof item === 'number')) {
      return [head + open, ...indented(filled(value, column + 2), '  '), close + tail];
    }
  }
  const lines = members.flatMap(([key, item], i) =>
    linesOf(key, item, i < members.length - 1 ? ',' : '', column + 2),
  );
  return [head + open, ...indented(lines, '  '), close + tail];
}

/** Prettier leaves out the plus of an exponent. */
function literal(value: unknown): string {
  const text = JSON.stringify(value);
  return typeof value === 'number' ? text.replace('e+', 'e') : text;
}

/** Numbers share lines. */
function filled(numbers: readonly number[], column: number): string[] {
  const lines: string[] = [];
  for (const [i, number] of numbers.entries()) {
    const item = `${literal(number)}${i < numbers.length - 1 ? ',' : ''}`;
    const longer = lines.length > 0 ? `${lines.at(-1)} ${item}` : item;
    if (lines.length > 0 && column + longer.length <= WIDTH) lines[lines.length - 1] = longer;
    else lines.push(item);
  }
  return lines;
}

function isObject(value: unknown): boolean {
  return typeof value === 'object' && value !== null;
}
