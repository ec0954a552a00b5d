import { once } from 'node:events';
import type { Socket } from 'node:net';
import { openSocket } from './raw-request.js';

/** What is written to one connection: pieces, each after a turn of the server's loop has passed. */
export type Script = readonly (string | Uint8Array)[];

/**
 * Writes a script to a connection of its own and gives all that comes back until the server closes it.
 *
 * @param hangUp whether the client breaks the connection once it has written everything
 */
export async function converse(url: string, script: Script, hangUp = false): Promise<string> {
  const socket = await openSocket(url);
  const chunks: Buffer[] = [];
  socket.on('data', (chunk: Buffer) => chunks.push(chunk));
  const closed = once(socket, 'close');
  for (const piece of script) await write(socket, piece);
  if (hangUp) socket.destroy();
  await closed;
  return Buffer.concat(chunks).toString('latin1');
}

function write(socket: Socket, piece: string | Uint8Array): Promise<void> {
  return new Promise((resolve) => {
    if (socket.destroyed) return resolve();
    socket.write(piece, () => setImmediate(resolve));
  });
}

const UUID = /[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/g;

/** What a client can tell two answers apart by: without the date, made-up ids and Express's own header. */
export function comparable(conversation: string): string {
  return conversation
    .split(/(?=HTTP\/1\.1 \d{3})/)
    .map(comparableAnswer)
    .join('\n');
}

function comparableAnswer(answer: string): string {
  const end = answer.indexOf('\r\n\r\n');
  const [status, ...lines] = answer.slice(0, end).split('\r\n');
  const headers = lines
    .map((line) => line.replace(/^[^:]+/, (name) => name.toLowerCase()))
    // Of a body that names the path.
    .map((line) => line.replace(/^etag: .*/, 'etag'))
    .filter((line) => !/^(?:date|x-powered-by):/.test(line))
    .sort();
  return withoutIds([status, ...headers, '', answer.slice(end + 4)].join('\n'));
}

export function withoutIds(text: string): string {
  return text.replaceAll(UUID, 'an-id');
}
