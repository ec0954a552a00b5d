import { connect, type ClientHttp2Session, type IncomingHttpHeaders } from 'node:http2';
import { onTestFinished } from 'vitest';

/** How a call ended on the wire. */
export interface RawEnd {
  readonly code: number;
  readonly message: string;
  readonly messages: Buffer[];
  readonly trailers: IncomingHttpHeaders;
}

export function openSession(address: string): ClientHttp2Session {
  const session = connect(`http://${address}`);
  session.on('error', () => {}); // a test that breaks a connection sees it break
  onTestFinished(() => session.destroy());
  return session;
}

/** A message in gRPC's frame. */
export function framed(message: Uint8Array, isCompressed = false): Buffer {
  const frame = Buffer.alloc(5 + message.length);
  frame[0] = Number(isCompressed);
  frame.writeUInt32BE(message.length, 1);
  frame.set(message, 5);
  return frame;
}

/** A call that sends what it is given, as no client library would. */
export function rawCall(
  session: ClientHttp2Session,
  path: string,
  body: Uint8Array | undefined,
  headers: Record<string, string> = {},
  { isWhole = true } = {},
): Promise<RawEnd> {
  const stream = session.request({
    ':method': 'POST',
    ':path': path,
    'content-type': 'application/grpc',
    te: 'trailers',
    ...headers,
  });
  return new Promise((resolve, reject) => {
    let trailers: IncomingHttpHeaders = {};
    const chunks: Buffer[] = [];
    stream.on('response', (head) => (trailers = { ...trailers, ...head }));
    stream.on('trailers', (tail) => (trailers = { ...trailers, ...tail }));
    stream.on('data', (chunk: Buffer) => chunks.push(chunk));
    stream.on('error', reject);
    stream.on('end', () => {
      resolve({
        code: Number(trailers['grpc-status']),
        message: decodeURI(String(trailers['grpc-message'])),
        messages: unframed(Buffer.concat(chunks)),
        trailers,
      });
      stream.close();
    });
    if (body === undefined) return;
    if (isWhole) stream.end(body);
    else stream.write(body);
  });
}

function unframed(bytes: Buffer): Buffer[] {
  const messages: Buffer[] = [];
  for (let at = 0; at < bytes.length;) {
    const end = at + 5 + bytes.readUInt32BE(at + 1);
    messages.push(bytes.subarray(at + 5, end));
    at = end;
  }
  return messages;
}
