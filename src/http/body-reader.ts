import type { IncomingMessage, ServerResponse } from 'node:http';
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
 * What is left of a body that is refused has to be received by {@link discardBody}.
 */
export function readBody(request: IncomingMessage, limit: number, done: BodyCallback): void {
  if (request.readableEnded) {
    return done(new ServingError('Internal', 'A middleware of the app has read the body already'));
  }
  const encoding = request.headers['content-encoding']?.trim().toLowerCase() ?? 'identity';
  if (encoding === 'identity' || encoding === '') {
    if (Number(request.headers['content-length']) > limit) return done(tooLarge(limit));
    return collect(request, request, limit, 'body', done);
  }
  if (!Object.hasOwn(DECOMPRESSORS, encoding)) {
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
      decompressor.destroy();
    }
    done(error, body);
  });
}

/**
 * Receives what is left of a body that nobody wants: a client that is busy sending would otherwise see
 * a broken connection instead of the answer. So would one whose connection closes with the answer,
 * if that came first: what it goes on sending then resets the connection.
 *
 * @param done Called when the answer may be sent.
 */
export function discardBody(
  request: IncomingMessage,
  response: ServerResponse,
  done: () => void,
): void {
  request.resume();
  if (response.shouldKeepAlive || request.readableEnded || request.destroyed) return done();
  request.once('close', done);
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

export function tooLarge(limit: number): ServingError {
  return new ServingError('PayloadTooLarge', `Expected a body of at most ${limit} bytes`);
}
