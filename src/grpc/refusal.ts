import { Metadata, status, type ServerInterceptingCallInterface } from '@grpc/grpc-js';
import { InvalidRequest, ServingError } from '../errors/index.js';
import { deadlineExceeded } from '../execution/index.js';

/**
 * What it means that grpc-js refuses a call by itself, before it has been answered: its message is too
 * large, it came compressed and cannot be decompressed, or its deadline is past or cannot be read; or, when
 * it is being answered, that an answer is too large.
 *
 * @param limit bytes that a message may have
 */
export function refusalOf(told: Told, limit: number): ServingError {
  const { code, details } = told;
  if (isUnsendable(told)) return new ServingError('PayloadTooLarge', String(details));
  switch (code) {
    case status.DEADLINE_EXCEEDED:
      return deadlineExceeded();
    case status.RESOURCE_EXHAUSTED:
      return tooLarge(limit);
    case status.UNIMPLEMENTED:
      return new ServingError('UnsupportedEncoding', String(details));
    case status.INTERNAL:
      return new InvalidRequest(
        details?.startsWith('Invalid') ? details : 'The message cannot be decompressed',
      );
    default:
      return new ServingError('Internal', String(details));
  }
}

/**
 * Of a call that is for no endpoint grpc-js tells itself what it refuses: this has it tell what cannot be read
 * as the client's fault, not the server's.
 */
export function blameForUnread(wire: ServerInterceptingCallInterface): void {
  const send = wire.sendStatus;
  const sendStatus: typeof send = (told) => {
    const isUnread = told.code === status.INTERNAL && UNREAD.test(String(told.details));
    send.call(wire, isUnread ? { ...told, code: status.INVALID_ARGUMENT } : withEncodings(told));
  };
  wire.sendStatus = sendStatus;
}

const UNREAD = /^(Failed to decompress|Invalid) /;

type Told = Parameters<ServerInterceptingCallInterface['sendStatus']>[0];

/** Where a client is told that it has compressed as nobody asked, it has to be told how it may. */
export function withEncodings(told: Told): Told {
  if (told.code !== status.UNIMPLEMENTED || !UNSUPPORTED.test(String(told.details))) return told;
  const metadata = told.metadata?.clone() ?? new Metadata();
  metadata.set('grpc-accept-encoding', 'identity,deflate,gzip');
  return { ...told, metadata };
}

const UNSUPPORTED = /^Received message compressed /;

/** Whether an answer is larger than the `grpc.max_send_message_length` that the app has set. */
export function isUnsendable({ details, metadata }: Told): boolean {
  return !metadata && UNSENDABLE.test(String(details));
}

const UNSENDABLE = /^Sent message larger than max /;

export function tooLarge(limit: number): ServingError {
  return new ServingError('PayloadTooLarge', `Expected a message of at most ${limit} bytes`);
}

export function unexpectedRequest(expected: string): ServingError {
  return new ServingError('InvalidRequest', `Expected the request to be ${expected}`);
}

/** What is told of bytes that are no message of one of the library's own services. */
export const MALFORMED = { code: status.INVALID_ARGUMENT, details: 'The request is malformed' };
