/** A cached answer. */
export interface Entry {
  /** The answer as it is sent: canonical and already serialised. */
  readonly text: string;
  /** When the answer was made, in milliseconds since the epoch. */
  readonly storedAt: number;
}

const HEAD = /^(\d{1,15}):(\d{1,10}):/;

/**
 * The stored form is one string, `<storedAt>:<length>:<text>`: strings cannot be changed by whoever
 * holds them, and the length tells a value that was cut short or that another program wrote.
 */
export function encodeEntry({ text, storedAt }: Entry): string {
  return `${storedAt}:${text.length}:${text}`;
}

/** The entry in a stored value, or `undefined` for what {@link encodeEntry} did not write. */
export function decodeEntry(stored: unknown): Entry | undefined {
  if (typeof stored !== 'string') return undefined;
  const head = HEAD.exec(stored);
  if (head === null) return undefined;
  const start = head[0].length;
  if (stored.length - start !== Number(head[2])) return undefined;
  return { text: stored.slice(start), storedAt: Number(head[1]) };
}
