import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

export interface RawAnswer {
  status: number;
  /** Names in lower case. */
  headers: Record<string, string>;
  body: any;
}

/** A connection of its own, for requests that `fetch` would not send. */
export async function openSocket(url: string): Promise<Socket> {
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname);
  socket.on('error', () => {}); // a test that breaks a connection sees it break
  await once(socket, 'connect');
  return socket;
}

/** Sends a head and a body as they are and reads the one answer. */
export async function rawRequest(
  url: string,
  head: readonly string[],
  body: string | Uint8Array = '',
): Promise<RawAnswer> {
  const socket = await openSocket(url);
  const lines = [head[0], 'Host: localhost', 'Connection: close', ...head.slice(1)];
  socket.write(`${lines.join('\r\n')}\r\n\r\n`);
  socket.write(body);
  return readAnswer(socket);
}

/** The one answer of a connection that the server closes after it. */
export async function readAnswer(socket: Socket): Promise<RawAnswer> {
  const chunks: Buffer[] = [];
  socket.on('data', (chunk: Buffer) => chunks.push(chunk));
  await once(socket, 'close');
  return parseAnswer(Buffer.concat(chunks).toString());
}

function parseAnswer(text: string): RawAnswer {
  const end = text.indexOf('\r\n\r\n');
  const [first, ...lines] = text.slice(0, end).split('\r\n');
  const headers = Object.fromEntries(
    lines.map((line) => {
      const colon = line.indexOf(':');
      return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()];
    }),
  );
  const body = text.slice(end + 4);
  const json = headers['content-type']?.includes('json') && headers['content-length'];
  return {
    status: Number(/^HTTP\/1\.1 (\d+)/.exec(first ?? '')?.[1]),
    headers,
    body: json ? JSON.parse(body) : body,
  };
}
