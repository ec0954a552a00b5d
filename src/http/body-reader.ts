import type { IncomingMessage } from 'node:http';
import type { Readable } from 'node:stream';
import { createBrotliDecompress, createGunzip, createInflate } from 'node:zlib';
import { InvalidRequest, ServingError } from '../errors/index.js';
import type { UploadBudget } from './upload-budget.js';

export type BodyCallback = (error: ServingError | undefined, body?: Buffer) => void;

/** Gives up a body that is being read. */
export type StopReading = (reason: ServingError) => void;

const DECOMPRESSORS = {
  gzip: createGunzip,
  deflate: createInflate,
  br: createBrotliDecompress,
} as const;

/**
 * Reads a request's body, inflated where it is compressed, up to `limit` bytes of what comes out, and
 * within the budget that all bodies share. What is left of a body that is refused is the caller's care.
 *
 * @param done called once, also where reading is stopped
 */
export function readBody(
  request: IncomingMessage,
  limit: number,
  budget: UploadBudget,
  done: BodyCallback,
): StopReading {
  const ignore = () => {};
  if (request.readableEnded) {
    done(new ServingError('Internal', 'A middleware of the app has read the body already'));
    return ignore;
  }
  const encoding = request.headers['content-encoding']?.trim().toLowerCase() ?? 'identity';
  const plain = encoding === 'identity' || encoding === '';
  if (!plain && !Object.hasOwn(DECOMPRESSORS, encoding)) {
    done(unsupportedEncoding(encoding));
    return ignore;
  }
  const announced = Number(request.headers['content-length'] ?? 0);
  if (plain && announced > limit) {
    done(tooLarge(limit));
    return ignore;
  }
  const share = budget.open();
  // Of a compressed body what comes out is held, and that is bounded as well.
  if (!share.holds(Math.min(announced, limit))) {
    done(tooManyUploads());
    return ignore;
  }

  const decompressor = plain ? undefined : DECOMPRESSORS[encoding as keyof typeof DECOMPRESSORS]();
  const source: Readable = decompressor === undefined ? request : request.pipe(decompressor);
  const chunks: Buffer[] = [];
  let size = 0;
  let reading = true;

  function finish(error: ServingError | undefined, body?: Buffer) {
    if (!reading) return;
    reading = false;
    share.close();
    if (error !== undefined && decompressor !== undefined) {
      request.unpipe(decompressor);
      decompressor.destroy();
    }
    done(error, body);
  }
  function clientGone(cause?: Error) {
    finish(new ServingError('Cancelled', 'The client went away', { cause }));
  }

  source.on('data', function keep(chunk: Buffer) {
    if (!reading) return;
    size += chunk.length;
    if (size > limit) return finish(tooLarge(limit));
    if (!share.holds(size)) return finish(tooManyUploads());
    chunks.push(chunk);
  });
  source.on('end', function join() {
    if (!reading) return;
    // A stream of HTTP/2 that is reset ends like one that is whole.
    if (request.aborted) return clientGone();
    finish(undefined, chunks.length === 1 ? chunks[0] : Buffer.concat(chunks, size));
  });
  decompressor?.on('error', function notCompressed(cause: Error) {
    finish(new InvalidRequest(`The ${encoding} body cannot be decompressed`, { cause }));
  });
  request.on('error', clientGone);
  // A stream of HTTP/2 that is reset has no error; of HTTP/1.1 this would come before the response is closed.
  if ('stream' in request) request.on('aborted', () => clientGone());
  return finish;
}

export function tooLarge(limit: number): ServingError {
  return new ServingError('PayloadTooLarge', `Expected a body of at most ${limit} bytes`);
}

function tooManyUploads(): ServingError {
  const options = { retryAfter: 1 };
  return new ServingError('QueueFull', 'Too many bytes are being uploaded at once', options);
}

function unsupportedEncoding(encoding: string): ServingError {
  return new ServingError(
    'UnsupportedEncoding',
    `Expected Content-Encoding to be gzip, deflate, br or identity, got "${encoding.slice(0, 40)}"`,
  );
}
