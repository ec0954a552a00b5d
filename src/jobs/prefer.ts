/** What a client would like of an answer, of what RFC 7240 has. */
export interface Preferences {
  /** Whether it would rather be answered later than wait. */
  readonly respondAsync: boolean;
  /** Milliseconds that it would wait; `undefined` where it says none. */
  readonly wait: number | undefined;
}

const NONE: Preferences = { respondAsync: false, wait: undefined };
const SECONDS = /^"?(\d{1,9})"?$/;

/** Reads a `Prefer`. What it does not know, or cannot read, is left aside, as the RFC wants it. */
export function preferencesOf(header: string | string[] | undefined): Preferences {
  if (header === undefined) return NONE;
  const found = new Map<string, string>();
  for (const preference of String(header).split(',')) {
    // Behind a semicolon are parameters, none of which means anything here.
    const [named = ''] = preference.split(';', 1);
    const [name = '', value = ''] = named.split('=');
    const known = name.trim().toLowerCase();
    // Of one that stands twice the first counts.
    if (!found.has(known)) found.set(known, value.trim());
  }
  const wait = SECONDS.exec(found.get('wait') ?? '')?.[1];
  return {
    respondAsync: found.has('respond-async'),
    wait: wait === undefined ? undefined : Number(wait) * 1_000,
  };
}
