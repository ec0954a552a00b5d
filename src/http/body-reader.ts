import type { IncomingMessage } from 'node:http';
import type { Readable } from 'node:stream';
import { createBrotliDecompress, createGunzip, createInflate } from 'node:zlib';
import { InvalidRequest, ServingError } from '../errors/index.js';
import { deadlineExceeded, delayUntil } from '../execution/index.js';
import { tooManyUploads, UploadShare, type UploadBudget } from '../gate/upload-budget.js';

export type BodyCallback = (error: ServingError | undefined, body?: Buffer) => void;

const DECOMPRESSORS = {
  gzip: createGunzip,
  deflate: createInflate,
  br: createBrotliDecompress,
} as const;

/**
 * Reads a request's body, inflated where it is compressed, up to `limit` bytes of what comes out, and
 * within the budget that all bodies share. What is left of a body that is refused is the caller's care.
 *
 * @param deadline when the whole of it must have come, on the clock of `performance.now()`
 * @param isAlone whether no framework waits behind, whose parsers look whether the request has ended
 * @param done called once
 */
export function readBody(
  request: IncomingMessage,
  limit: number,
  budget: UploadBudget,
  deadline: number,
  isAlone: boolean,
  done: BodyCallback,
): void {
  if (request.readableEnded) {
    return done(new ServingError('Internal', 'A middleware of the app has read the body already'));
  }
  const { headers } = request;
  const encoding = headers['content-encoding']?.trim().toLowerCase() ?? '';
  const plain = encoding === '' || encoding === 'identity';
  if (!plain && !Object.hasOwn(DECOMPRESSORS, encoding)) return done(unsupportedEncoding(encoding));
  const announced = Number(headers['content-length'] ?? 0);
  if (plain && announced > limit) return done(tooLarge(limit));
  const encoded = plain ? undefined : (encoding as keyof typeof DECOMPRESSORS);

  if (!isAlone || encoded !== undefined || 'stream' in request) {
    return readStream(request, encoded, limit, budget, deadline, done);
  }
  // What has come with the head is there in the next tick, in one piece: it needs neither a listener
  // for data nor a timer. So are most bodies.
  process.nextTick(function readArrived() {
    // One of known length is there before the parser has told of its end.
    const isWhole = request.complete || (announced > 0 && request.readableLength === announced);
    if (!isWhole || request.destroyed) {
      return readStream(request, undefined, limit, budget, deadline, done);
    }
    const body = (request.read() as Buffer | null) ?? NOTHING;
    function takeAll(): void {
      if (body.length > limit) return done(tooLarge(limit));
      if (!budget.hasRoomFor(body.length)) return done(tooManyUploads());
      done(undefined, body);
    }
    // What follows on the connection may be no request, and then there is no answer to this one either.
    if (request.complete) takeAll();
    else request.once('end', takeAll).resume();
  });
}

const NOTHING = Buffer.alloc(0);

/** Reads a body as it comes. */
function readStream(
  request: IncomingMessage,
  encoding: keyof typeof DECOMPRESSORS | undefined,
  limit: number,
  budget: UploadBudget,
  deadline: number,
  done: BodyCallback,
): void {
  if (request.destroyed) return done(new ServingError('Cancelled', 'The client went away'));
  const share = new UploadShare(budget);
  // Of a compressed body what comes out is held, and that is bounded as well.
  const announced = Number(request.headers['content-length'] ?? 0);
  if (!share.holds(Math.min(announced, limit))) return done(tooManyUploads());

  const decompressor = encoding === undefined ? undefined : DECOMPRESSORS[encoding]();
  const source: Readable = decompressor === undefined ? request : request.pipe(decompressor);
  const chunks: Buffer[] = [];
  let size = 0;
  let reading = true;
  const late = setTimeout(
    () => finish(deadlineExceeded()),
    delayUntil(deadline, performance.now()),
  );

  function finish(error: ServingError | undefined, body?: Buffer) {
    if (!reading) return;
    reading = false;
    clearTimeout(late);
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
}

export function tooLarge(limit: number): ServingError {
  return new ServingError('PayloadTooLarge', `Expected a body of at most ${limit} bytes`);
}

function unsupportedEncoding(encoding: string): ServingError {
  return new ServingError(
    'UnsupportedEncoding',
    `Expected Content-Encoding to be gzip, deflate, br or identity, got "${encoding.slice(0, 40)}"`,
  );
}
