/** What a client would like of an answer, of what RFC 7240 has. */
export interface Preferences {
  /** Whether it would rather be answered later than wait. */
  readonly respondAsync: boolean;
  /** Milliseconds that it would wait; `undefined` where it says none. */
  readonly wait: number | undefined;
}

const NONE: Preferences = { respondAsync: false, wait: undefined };
/** A preference by its name in any case, its value, and parameters that mean nothing here. */
const PREFERENCE = /^([\w!#$%&'*+.^`|~-]+)\s*(?:=\s*(?:"([^"]*)"|([^\s;"]*)))?\s*(?:;.*)?$/;
const SECONDS = /^\d{1,9}$/;

/** Reads a `Prefer`. What it does not know, or cannot read, is left aside, as the RFC wants it. */
export function preferencesOf(header: string | string[] | undefined): Preferences {
  if (header === undefined) return NONE;
  const found = new Map<string, string>();
  for (const part of String(header).split(',')) {
    const match = PREFERENCE.exec(part.trim());
    const name = match?.[1]?.toLowerCase();
    // Of one that stands twice the first counts.
    if (name !== undefined && !found.has(name)) found.set(name, match![2] ?? match![3] ?? '');
  }
  const wait = found.get('wait');
  return {
    respondAsync: found.has('respond-async'),
    wait: wait !== undefined && SECONDS.test(wait) ? Number(wait) * 1000 : undefined,
  };
}
