import { createServer } from 'node:http';
import { classify } from './answer.js';

/** What is left without any framework: read, parse, answer. */
const server = createServer((request, response) => {
  const chunks: Buffer[] = [];
  request.on('data', (chunk: Buffer) => chunks.push(chunk));
  request.on('end', () => {
    const [first, ...rest] = chunks;
    if (!first) {
      response.writeHead(404).end();
      return;
    }
    const body = rest.length === 0 ? first : Buffer.concat(chunks);
    const text = JSON.stringify(classify(JSON.parse(body.toString())));
    response.writeHead(200, {
      'content-type': 'application/json; charset=utf-8',
      'content-length': Buffer.byteLength(text),
    });
    response.end(text);
  });
});

server.listen(Number(process.env.PORT), '127.0.0.1');
