/** The width that Prettier keeps by default: generated code is laid out as it would be. */
export const WIDTH = 80;

const IDENTIFIER = /^[A-Za-z_$][\w$]*$/;

/** A text as a literal, in the quotes that need fewer backslashes. */
export function quoted(text: string): string {
  const doubles = text.split('"').length;
  const singles = text.split("'").length;
  const literal = JSON.stringify(text).replaceAll(
    /[\u2028\u2029]/g,
    (mark) => `\\u${mark.charCodeAt(0).toString(16)}`,
  );
  if (doubles <= singles) return literal;
  return `'${literal.slice(1, -1).replaceAll('\\"', '"').replaceAll("'", "\\'")}'`;
}

export function propertyKey(name: string): string {
  return IDENTIFIER.test(name) ? name : quoted(name);
}

/** `head type;`, where a union that is too wide for a line has a line for each of its parts. */
export function typed(head: string, parts: readonly string[], indent: string): string[] {
  const line = `${indent}${head} ${parts.join(' | ')};`;
  if (line.length <= WIDTH) return [line];
  if (parts.length === 1) return [`${indent}${head} ${broken(parts[0] as string, indent)};`];
  const below = `${indent}  ${parts.join(' | ')};`;
  if (below.length <= WIDTH) return [`${indent}${head}`, below];
  const lines = parts.map((part) => `${indent}  | ${part}`);
  return [`${indent}${head}`, ...lines.slice(0, -1), `${lines.at(-1)};`];
}

/** Of several arguments each has a line. */
function broken(type: string, indent: string): string {
  const [, name, first, second] = /^(\w+)<(\w+), (.+)>$/.exec(type) ?? [];
  if (name === undefined) return type;
  return `${name}<\n${indent}  ${first},\n${indent}  ${second}\n${indent}>`;
}

/** `head { a, b } tail`, in one line where it fits. */
export function braced(head: string, members: readonly string[], tail: string): string {
  const line = `${head} { ${members.join(', ')} } ${tail}`;
  // A single name is not broken off.
  if (line.length <= WIDTH || members.length === 1) return line;
  return `${head} {\n${members.map((member) => `  ${member},\n`).join('')}} ${tail}`;
}

/** `head<types>(argument, { options });`, in as few lines as fit. */
export function call(
  head: string,
  types: readonly string[],
  argument: readonly string[],
  options: readonly string[],
): string[] {
  const objects = [argument, options].filter(({ length }) => length > 0);
  const args = objects.map((members) => `{ ${members.join(', ')} }`);
  const start = `${head}<${types.join(', ')}>(`;
  const line = `${start}${args.join(', ')});`;
  if (line.length <= WIDTH) return [line];

  const isBroken = start.length + (objects.length === 1 ? 1 : 0) > WIDTH;
  const opening = isBroken
    ? [`${head}<`, ...types.slice(0, -1).map((type) => `  ${type},`), `  ${types.at(-1)}`, '>(']
    : [start];
  const last = opening.pop() as string;
  if (isBroken && `>(${args.join(', ')});`.length <= WIDTH) {
    return [...opening, `>(${args.join(', ')});`];
  }
  if (objects.length === 1) {
    return [...opening, `${last}{`, ...argument.map((member) => `  ${member},`), '});'];
  }
  const lines = objects.flatMap((members, i) =>
    `  ${args[i]},`.length <= WIDTH
      ? [`  ${args[i]},`]
      : ['  {', ...members.map((member) => `    ${member},`), '  },'],
  );
  return [...opening, last, ...lines, ');'];
}

export function indented(lines: readonly string[], indent: string): string[] {
  return lines.map((line) => (line === '' ? '' : indent + line));
}

/** A text as a template literal. */
export function template(text: string): string {
  return `\`${text.replaceAll(/[\\`]|\$\{/g, '\\$&')}\``;
}
