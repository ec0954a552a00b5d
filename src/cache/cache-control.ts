/** What a client says of caches in `Cache-Control` (RFC 9111, 5.2.1). */
export interface Directives {
  readonly noCache: boolean;
  readonly noStore: boolean;
}

const NONE: Directives = { noCache: false, noStore: false };

/** Takes the header apart in one pass: a client may make it as long as Node lets a head be. */
export function directivesOf(header: string | string[] | undefined): Directives {
  if (header === undefined) return NONE;
  let noCache = false;
  let noStore = false;
  for (const part of String(header).toLowerCase().split(',')) {
    const directive = part.trim();
    noCache ||= directive === 'no-cache';
    noStore ||= directive === 'no-store';
  }
  return { noCache, noStore };
}
