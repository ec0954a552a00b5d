import type { IncomingMessage } from 'node:http';
import type { Readable } from 'node:stream';
import { createBrotliDecompress, createGunzip, createInflate } from 'node:zlib';
import { InvalidRequest, ServingError } from '../errors/index.js';

export type BodyCallback = (error: ServingError | undefined, body?: Buffer) => void;

const DECOMPRESSORS = {
  gzip: createGunzip,
  deflate: createInflate,
  br: createBrotliDecompress,
} as const;

/**
 * Reads a request's body, inflated where it is compressed, up to `limit` bytes of what comes out.
 * A body that is refused is still received to its end, unread: a client that is busy sending would
 * otherwise see a broken connection instead of the answer.
 */
export function readBody(request: IncomingMessage, limit: number, done: BodyCallback): void {
  const encoding = request.headers['content-encoding']?.trim().toLowerCase() ?? 'identity';
  if (encoding === 'identity' || encoding === '') {
    if (Number(request.headers['content-length']) > limit) {
      request.resume();
      return done(tooLarge(limit));
    }
    return collect(request, request, limit, 'body', done);
  }
  if (!Object.hasOwn(DECOMPRESSORS, encoding)) {
    request.resume();
    const shown = encoding.slice(0, 40);
    return done(
      new ServingError(
        'UnsupportedEncoding',
        `Expected Content-Encoding to be gzip, deflate, br or identity, got "${shown}"`,
      ),
    );
  }
  const decompressor = DECOMPRESSORS[encoding as keyof typeof DECOMPRESSORS]();
  request.pipe(decompressor);
  collect(request, decompressor, limit, `${encoding} body`, (error, body) => {
    if (error) {
      request.unpipe(decompressor);
      request.resume();
      decompressor.destroy();
    }
    done(error, body);
  });
}

function collect(
  request: IncomingMessage,
  stream: Readable,
  limit: number,
  what: string,
  done: BodyCallback,
): void {
  let chunks: Buffer[] | undefined = [];
  let size = 0;

  function finish(error: ServingError | undefined, body?: Buffer) {
    if (chunks === undefined) return;
    chunks = undefined;
    done(error, body);
  }

  stream.on('data', function onData(chunk: Buffer) {
    if (chunks === undefined) return;
    size += chunk.length;
    if (size > limit) return finish(tooLarge(limit));
    chunks.push(chunk);
  });
  stream.on('end', function onEnd() {
    if (chunks === undefined) return;
    finish(undefined, chunks.length === 1 ? chunks[0] : Buffer.concat(chunks, size));
  });
  // Of the socket where the client breaks off, of the decompressor where the bytes make no sense.
  stream.on('error', function onError(cause: Error) {
    finish(
      stream === request
        ? new ServingError('Cancelled', 'The client went away', { cause })
        : new InvalidRequest(`The ${what} cannot be decompressed`, { cause }),
    );
  });
  if (stream !== request) {
    request.on('error', function onAbort(cause: Error) {
      finish(new ServingError('Cancelled', 'The client went away', { cause }));
    });
  }
}

function tooLarge(limit: number): ServingError {
  return new ServingError('PayloadTooLarge', `Expected a body of at most ${limit} bytes`);
}
