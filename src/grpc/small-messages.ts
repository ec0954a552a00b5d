import { ServerInterceptingCall, type ServerInterceptingCallInterface } from '@grpc/grpc-js';
import type { ServingError } from '../errors/index.js';
import { answerOf } from '../gate/failure-answer.js';
import { requestIdOf } from '../gate/request-id.js';
import { compressionFlaw } from './compression-flag.js';
import { bytesOf } from './exchange.js';
import { blameForUnread, tooLarge } from './refusal.js';
import { statusOf } from './trailers.js';

/** Bytes that a question to one of the library's own services may have. */
export const SMALL = 64 * 1024;

/**
 * A call that takes small messages only: the limit of the server is that of the largest endpoint, and what
 * comes by here is counted against no budget.
 */
export function takingSmallMessages(wire: ServerInterceptingCallInterface): ServerInterceptingCall {
  let received = 0;
  let requestId: unknown;
  let isRefused = false;
  function refuse(error: ServingError): void {
    isRefused = true;
    wire.sendStatus(statusOf(answerOf(error), requestIdOf(requestId)));
  }

  blameForUnread(wire);
  bytesOf(wire)?.on('data', (chunk: Buffer) => {
    if (isRefused) return;
    const flaw = received === 0 && compressionFlaw(wire, chunk[0]!);
    if (flaw) return refuse(flaw);
    received += chunk.length;
    if (received > SMALL) refuse(tooLarge(SMALL));
  });
  return new ServerInterceptingCall(wire, {
    start: (next) =>
      next({
        onReceiveMetadata(metadata, pass) {
          requestId = metadata.get('x-request-id')[0];
          pass(metadata);
        },
        onReceiveMessage(message: Buffer, pass) {
          if (isRefused) return;
          received = 0;
          // It may have been compressed.
          if (message.length > SMALL) refuse(tooLarge(SMALL));
          else pass(message);
        },
      }),
  });
}
