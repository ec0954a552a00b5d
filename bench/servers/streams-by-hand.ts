import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import { setImmediate } from 'node:timers/promises';
import { items } from '../workload/items.mjs';

/** As many characters as are written at once. */
const ENOUGH = 16 * 1024;

/** Server-sent events of the same items, without any framework: written together, and paced by `drain`. */
const server = createServer((request, response) => {
  const chunks: Buffer[] = [];
  request.on('data', (chunk: Buffer) => chunks.push(chunk));
  request.on('end', () => void send(JSON.parse(Buffer.concat(chunks).toString()), response));
});

async function send(input: { count: number; size: number }, response: ServerResponse) {
  response.writeHead(200, { 'content-type': 'text/event-stream' });
  let text = '';
  let id = 0;
  for await (const item of items(input)) {
    text += `id: ${id++}\ndata: ${JSON.stringify(item)}\n\n`;
    if (text.length < ENOUGH) continue;
    await setImmediate();
    if (!response.write(text)) await once(response, 'drain');
    text = '';
  }
  response.end(`${text}event: end\ndata: {}\n\n`);
}

server.listen(Number(process.env.PORT), '127.0.0.1');
