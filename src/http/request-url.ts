import type { IncomingMessage } from 'node:http';
import { parse } from 'node:querystring';
import type { PredictContext } from '../execution/index.js';
import type { NestResponse } from './reply.js';

/** A request as a framework's router leaves it. */
interface RoutedRequest {
  readonly params?: Readonly<Record<string, string | readonly string[] | undefined>>;
  /** Express has the target in here, and cuts prefixes off `url`. */
  readonly originalUrl?: string;
  readonly url?: string;
}

/** What Nest calls the request, by its response; Node's own where no framework has seen it. */
export function requestOf(response: NestResponse): RoutedRequest {
  return 'raw' in response ? response.request : (response.req as IncomingMessage & RoutedRequest);
}

/** What the client addressed or, where the app trusts its proxy, what the proxy says of it. */
export function hostOf(response: NestResponse): string {
  if ('raw' in response) return response.request.host;
  const { host, headers } = response.req as IncomingMessage & { readonly host?: string };
  return host ?? headers.host ?? (headers[':authority'] as string | undefined) ?? '';
}

/**
 * The parameters of the route that a router has matched, the same from each. Of a wildcard `*` Express
 * gives the segments, under the name `path` that Nest puts there, and Fastify the text under `*`;
 * where it is empty, Express gives nothing.
 */
export function paramsOf({ params = {} }: RoutedRequest): PredictContext['params'] {
  const found: Record<string, string> = Object.create(null);
  for (const [name, value] of Object.entries(params)) {
    if (value === undefined || value === '') continue;
    found[name === '*' ? 'path' : name] = typeof value === 'string' ? value : value.join('/');
  }
  return found;
}

/** The query of a request's target. */
export function queryOf({ originalUrl, url = '' }: RoutedRequest): PredictContext['query'] {
  const target = originalUrl ?? url;
  const start = target.indexOf('?');
  return start === -1 ? Object.create(null) : parse(target.slice(start + 1));
}

const ORIGIN = /^https?:\/\/[^/?]*/i;

/** The path of a request's target, which may be in absolute form (RFC 9112, 3.2.2). */
export function pathOf({ originalUrl, url = '' }: RoutedRequest): string {
  const target = (originalUrl ?? url).replace(ORIGIN, '');
  const end = target.indexOf('?');
  return (end === -1 ? target : target.slice(0, end)) || '/';
}
