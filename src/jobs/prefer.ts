/** What a client would like of an answer, of what RFC 7240 has. */
export interface Preferences {
  /** Whether it would rather be answered later than wait. */
  readonly respondAsync: boolean;
  /** Milliseconds that it would wait; `undefined` where it says none. */
  readonly wait: number | undefined;
}

/** Milliseconds that a client may wait at most for one answer. */
const LONGEST_WAIT = 60_000;
const NONE: Preferences = { respondAsync: false, wait: undefined };
/** Commas and semicolons in quotes part nothing. */
const QUOTED = String.raw`"(?:[^"\\]|\\.)*"?`;
const PREFERENCE = new RegExp(`(?:[^",]+|${QUOTED})+`, 'g');
const WITHOUT_PARAMETERS = new RegExp(`^(?:[^";]+|${QUOTED})*`);
const SECONDS = /^"?(\d+)"?$/;

/** Reads a `Prefer`. What it does not know, or cannot read, is left aside, as the RFC wants it. */
export function preferencesOf(header: string | string[] | undefined): Preferences {
  if (header === undefined) return NONE;
  const found = new Map<string, string>();
  for (const [preference] of String(header).matchAll(PREFERENCE)) {
    // Parameters mean nothing here.
    const [named] = WITHOUT_PARAMETERS.exec(preference)!;
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

/** Of the milliseconds that a client would wait, those that it may. */
export function grantedWait(wait: number, most = LONGEST_WAIT): number {
  return Math.max(Math.min(wait, most, LONGEST_WAIT), 0);
}

/** A granted wait as `Preference-Applied` has it: in whole seconds within which there is an answer. */
export function waitApplied(granted: number): string {
  return `wait=${Math.ceil(granted / 1_000)}`;
}
