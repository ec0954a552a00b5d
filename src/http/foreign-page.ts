import type { IncomingHttpHeaders } from 'node:http';
import { ServingError } from '../errors/index.js';
import { mediaTypeOf } from './media-type.js';
import type { NestResponse } from './reply.js';
import { hostOf } from './request-url.js';

/** None, and those of forms: a browser sends them to any origin without asking (Fetch, 2.2.2). */
const UNASKED = ['', 'text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data'];

/**
 * Refuses what a page of another origin sends with a content type that browsers ask no permission
 * for, unless the app's CORS has given it: bodies are read as JSON whatever their content type says, so
 * that any page could run a model from where its visitor stands in the network.
 *
 * @throws {ServingError} `UnsupportedMediaType`
 */
export function refuseForeignPage(headers: IncomingHttpHeaders, response: NestResponse): void {
  const { origin } = headers;
  if (origin === undefined && headers['sec-fetch-site'] === undefined) return;
  const type = mediaTypeOf(headers['content-type']);
  if (!UNASKED.includes(type) || !isForeign(headers, response)) return;
  const allowed = response.getHeader('access-control-allow-origin');
  if (allowed !== undefined && (allowed === '*' || allowed === origin)) return;
  throw new ServingError(
    'UnsupportedMediaType',
    'Expected Content-Type to be application/json in a request from a page of another origin',
  );
}

/** A browser's own word first; without it, `Origin` beside the host that was addressed. */
function isForeign(headers: IncomingHttpHeaders, response: NestResponse): boolean {
  const { origin, 'sec-fetch-site': site } = headers;
  if (site !== undefined) return site !== 'same-origin' && site !== 'none';
  // `null`, of a sandboxed frame or a file, is no URL, and so foreign.
  if (origin === undefined || !URL.canParse(origin)) return origin !== undefined;
  return new URL(origin).host !== withoutDefaultPort(hostOf(response), origin);
}

/** `Host: example.com:80` and the origin `http://example.com` are one. */
function withoutDefaultPort(host: string, origin: string): string | undefined {
  const address = `${origin.slice(0, origin.indexOf(':'))}://${host}`;
  return URL.canParse(address) ? new URL(address).host : undefined;
}
