import { promisify } from 'node:util';
import {
  brotliCompress,
  constants,
  createBrotliCompress,
  createGzip,
  gzip,
  type BrotliOptions,
} from 'node:zlib';
import type { Transform } from 'node:stream';
import Negotiator from 'negotiator';
import { setHeader, type NestResponse } from './reply.js';

export type Encoding = 'br' | 'gzip';

/** An answer of so many bytes, or of less, is not worth the work. */
export const SMALL = 1024;

const PREFERRED: readonly string[] = ['br', 'gzip', 'identity'];
/** What servers of changing content use: the default is for files that are compressed once. */
const BROTLI: BrotliOptions = { params: { [constants.BROTLI_PARAM_QUALITY]: 4 } };

/** The types of `negotiator` are older than what it has to say which of equals is preferred. */
interface EncodingNegotiator {
  encodings(available: readonly string[], options: { preferred: readonly string[] }): string[];
}

/** The encoding that a client prefers for an answer, by its `Accept-Encoding`; `undefined` for none. */
export function acceptedEncoding(header: string | undefined): Encoding | undefined {
  if (header === undefined) return undefined;
  const negotiator: unknown = new Negotiator({ headers: { 'accept-encoding': header } });
  const [first] = (negotiator as EncodingNegotiator).encodings(PREFERRED, { preferred: PREFERRED });
  return first === 'br' || first === 'gzip' ? first : undefined;
}

const brotliCompressed = promisify<string | Buffer, BrotliOptions, Buffer>(brotliCompress);
const gzipped = promisify<string | Buffer, Buffer>(gzip);

/** Compresses a body that is there, off the event loop. */
export function compressed(body: string | Buffer, encoding: Encoding): Promise<Buffer> {
  return encoding === 'br' ? brotliCompressed(body, BROTLI) : gzipped(body);
}

/** Compresses a body that comes bit by bit. */
export function compressor(encoding: Encoding): Transform & { flush(): void } {
  return encoding === 'br' ? createBrotliCompress(BROTLI) : createGzip();
}

/** Tells caches that an answer depends on `Accept-Encoding`, besides what else it depends on. */
export function setVary(response: NestResponse): void {
  const others = response.getHeader('vary');
  const names = others === undefined ? [] : [others].flat().join(', ').split(/, */);
  setHeader(response, 'vary', [...new Set([...names, 'Accept-Encoding'])].join(', '));
}
