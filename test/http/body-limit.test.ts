import { once } from 'node:events';
import { Agent, request as httpRequest, type IncomingMessage } from 'node:http';
import { describe, expect, it } from 'vitest';
import { WAYS, startApp } from '../serving-app.js';
import { EchoModel, SMALL_LIMIT } from './model.js';

/** Sends with Node's own client, which writes a large body in many parts. */
async function send(url: string, path: string, size: number, headers: Record<string, string>) {
  const request = httpRequest(url + path, { method: 'POST', agent: false, headers });
  request.on('error', () => {}); // the connection may be closed under what is still being sent
  const answered = once(request, 'response') as Promise<[IncomingMessage]>;
  request.end(Buffer.alloc(size, 0x20));
  const [response] = await answered;
  const chunks: Buffer[] = [];
  for await (const chunk of response) chunks.push(chunk as Buffer);
  return { status: response.statusCode, body: JSON.parse(Buffer.concat(chunks).toString()) };
}

const TOO_MUCH = 11 * 1024 * 1024;

describe.each(WAYS)('the body limit on %s', (adapter) => {
  it.each([
    ['announced', { 'content-length': String(TOO_MUCH) }],
    ['in chunks', { 'transfer-encoding': 'chunked' }],
  ])('is 10 MiB, and a client that sends 11 MB %s hears so', async (_, headers) => {
    const app = await startApp(adapter, { controllers: [EchoModel] });
    for (let attempt = 0; attempt < 3; attempt++) {
      expect(await send(app.url, '/free', TOO_MUCH, headers)).toMatchObject({
        status: 413,
        body: { code: 'RESOURCE_EXHAUSTED', error: 'Expected a body of at most 10485760 bytes' },
      });
    }
  });

  it('lets through what just fits', async () => {
    const app = await startApp(adapter, { controllers: [EchoModel] });
    const text = 'x'.repeat(10 * 1024 * 1024 - 11);
    expect((await app.post('/free', `{"text":"${text}"}`)).body.text).toHaveLength(text.length);
    expect((await app.post('/free', `{"text":"${text}x"}`)).status).toBe(413);
  });

  it('is an option', async () => {
    const app = await startApp(adapter, { controllers: [EchoModel] });
    const body = `{"a":"${'x'.repeat(SMALL_LIMIT - 8)}"}`;
    expect((await app.post('/small', body)).status).toBe(200);
    expect((await app.post('/small', `${body} `)).status).toBe(413);
  });

  it('leaves the connection usable', async () => {
    const app = await startApp(adapter, { controllers: [EchoModel] });
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    const ports = new Set<number | undefined>();
    for (const [size, status] of [
      [100_000, 413],
      [100_000, 413],
      [0, 400],
    ] as const) {
      const request = httpRequest(`${app.url}/small`, { method: 'POST', agent });
      const answered = once(request, 'response') as Promise<[IncomingMessage]>;
      request.end(Buffer.alloc(size, 0x20));
      const [response] = await answered;
      ports.add(request.socket?.localPort);
      response.resume();
      await once(response, 'close');
      expect(response.statusCode).toBe(status);
    }
    expect(ports.size).toBe(1);
    agent.destroy();
  });
});
