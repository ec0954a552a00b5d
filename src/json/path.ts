/** The keys and indexes that lead from a document's root to a value. */
export type Path = readonly (string | number)[];

const MAX_QUOTED = 60;
const MAX_PATH = 1_000;
const IDENTIFIER = /^[A-Za-z_$][\w$]*$/;

/** The first `length` segments of a path as text, cut short: `$.items[3]["a key"]`. */
export function pathText(path: Path, length = path.length): string {
  let text = '$';
  for (let i = 0; i < length; i++) {
    if (text.length > MAX_PATH) return `${text}…`;
    const segment = path[i] as string | number;
    if (typeof segment === 'number') text += `[${segment}]`;
    else {
      const plain = segment.length <= MAX_QUOTED && IDENTIFIER.test(segment);
      text += plain ? `.${segment}` : `[${quote(segment)}]`;
    }
  }
  return text;
}

/** A string as JSON, cut short: what a client sent must not come back at full length. */
export function quote(text: string): string {
  if (text.length <= MAX_QUOTED - 2) return JSON.stringify(text);
  return `${JSON.stringify(text.slice(0, MAX_QUOTED - 3))}…`;
}

/** Digits as they are, cut short. */
export function cut(text: string): string {
  return text.length <= MAX_QUOTED ? text : `${text.slice(0, MAX_QUOTED)}…`;
}
