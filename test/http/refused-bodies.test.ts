import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { Controller, Post } from '@nestjs/common';
import type { INestApplication } from '@nestjs/common';
import { OpenInferenceModule } from 'nestjs-model-serving/open-inference';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { WAYS, startApp, type Way } from '../serving-app.js';
import { EchoModel } from './model.js';
import { openSocket } from './raw-request.js';

const MIB = 1024 * 1024;

/** A connection that is written to and read from by hand. */
class Wire {
  #received = '';
  #ended = false;
  #sign: (() => void) | undefined;

  constructor(readonly socket: Socket) {
    socket.setEncoding('utf8');
    socket.on('data', (text: string) => this.#note(() => (this.#received += text)));
    socket.on('end', () => this.#note(() => (this.#ended = true)));
    socket.on('close', () => this.#note(() => (this.#ended = true)));
    onTestFinished(() => void socket.destroy());
  }

  get received(): string {
    return this.#received;
  }

  /** Waits for a pattern, which is taken out of what has been received. */
  async read(pattern: RegExp): Promise<string> {
    for (;;) {
      const found = pattern.exec(this.#received);
      if (found) {
        this.#received = this.#received.slice(found.index + found[0].length);
        return found[0];
      }
      if (this.#ended) throw new Error(`Ended with "${this.#received}"`);
      await new Promise<void>((resolve) => (this.#sign = resolve));
    }
  }

  /** Waits until the server has closed its side. */
  async end(): Promise<void> {
    while (!this.#ended) await new Promise<void>((resolve) => (this.#sign = resolve));
  }

  #note(change: () => void): void {
    change();
    this.#sign?.();
  }
}

async function open(adapter: Way): Promise<Wire> {
  const app = await startApp(adapter, { controllers: [EchoModel] });
  return new Wire(await openSocket(app.url));
}

const head = (path: string, ...lines: string[]) =>
  [`POST ${path} HTTP/1.1`, 'Host: localhost', ...lines, '', ''].join('\r\n');
const ANSWER = (status: number) =>
  new RegExp(`^HTTP/1\\.1 ${status} [^]*?\\r\\n\\r\\n\\{[^]*?"requestId":"[^"]*"\\}`);
const OK = /^HTTP\/1\.1 200 [^]*?\r\n\r\n\{"keys":1\}/;
const NEXT = `${head('/small', 'Content-Length: 12')}{"text":"b"}`;

describe.each(WAYS)('a body that is refused on %s', (adapter) => {
  it.each([
    ['too large', 413, ['Content-Length: 100000']],
    ['of an unknown encoding', 415, ['Content-Length: 100000', 'Content-Encoding: zstd']],
    ['with a wrong header', 400, ['Content-Length: 100000', 'X-Request-Timeout-Ms: soon']],
    [
      'of a foreign page',
      415,
      ['Content-Length: 100000', 'Content-Type: text/plain', 'Sec-Fetch-Site: cross-site'],
    ],
  ])('%s is answered before it is sent, and the connection is kept', async (_, status, lines) => {
    const wire = await open(adapter);
    wire.socket.write(head('/small', ...lines));
    expect(await wire.read(ANSWER(status))).not.toMatch(/connection: close/i);
    wire.socket.write(' '.repeat(100_000));
    wire.socket.write(NEXT);
    await wire.read(OK);
  });

  it('that is whole at last leaves nothing on its connection', async () => {
    const app = await startApp(adapter, { controllers: [EchoModel] });
    const connected = once(app.app.getHttpServer(), 'connection') as Promise<[Socket]>;
    const wire = new Wire(await openSocket(app.url));
    const [served] = await connected;
    wire.socket.write(head('/small', 'Content-Length: 100000'));
    await wire.read(ANSWER(413));
    expect(Object.hasOwn(served, 'destroySoon')).toBe(true);
    wire.socket.write(' '.repeat(100_000));
    wire.socket.write(NEXT);
    await wire.read(OK);
    expect(Object.hasOwn(served, 'destroySoon')).toBe(false);
  });

  it('of more than 1 MiB to come closes the connection, once the answer has been sent', async () => {
    const wire = await open(adapter);
    wire.socket.write(head('/small', `Content-Length: ${2 * MIB}`));
    expect(await wire.read(ANSWER(413))).toMatch(/connection: close/i);
    await wire.end();
  });

  it('of unknown length is received for 1 MiB', async () => {
    const wire = await open(adapter);
    const chunk = `${(64 * 1024).toString(16)}\r\n${' '.repeat(64 * 1024)}\r\n`;
    wire.socket.write(head('/small', 'Transfer-Encoding: chunked'));
    wire.socket.write(chunk);
    await wire.read(ANSWER(413));
    for (let i = 0; i < 8; i++) wire.socket.write(chunk);
    wire.socket.write(`0\r\n\r\n${NEXT}`);
    await wire.read(OK);

    wire.socket.write(head('/small', 'Transfer-Encoding: chunked'));
    wire.socket.write(chunk);
    await wire.read(ANSWER(413));
    for (let i = 0; i < 32; i++) wire.socket.write(chunk);
    await wire.end();
  });

  it('is not asked for where its client waits to be: it reads the refusal', async () => {
    const wire = await open(adapter);
    wire.socket.write(head('/small', 'Content-Length: 100000', 'Expect: 100-continue'));
    expect(await wire.read(ANSWER(413))).toMatch(/connection: close/i);
    await wire.end();
    expect(wire.received).toBe('');
  });
});

@Controller()
class HostController {
  @Post('/host')
  answer() {
    return {};
  }
}

describe.each(WAYS)('a body that the app refuses before the endpoint on %s', (adapter) => {
  const REFUSAL = /^HTTP\/1\.1 401 [^]*?\r\n\r\n\{"who":"you"\}/;
  const CHUNK = `${(64 * 1024).toString(16)};of=64k\r\n${' '.repeat(64 * 1024)}\r\n`;

  /** An app whose middleware lets pass who says who it is. */
  async function openGuarded(): Promise<Wire> {
    const app = await startApp(adapter, {
      controllers: [EchoModel, HostController],
      imports: [OpenInferenceModule.forRoot()],
      setUp: (nest) =>
        nest.use((request: IncomingMessage, response: ServerResponse, next: () => void) => {
          if (request.headers.authorization !== undefined) return next();
          response.statusCode = 401;
          response.end('{"who":"you"}');
        }),
    });
    return new Wire(await openSocket(app.url));
  }
  const next = `${head('/small', 'Authorization: me', 'Content-Length: 12')}{"text":"b"}`;

  it.each([
    ['announced', ['Content-Length: 1048576'], ' '.repeat(MIB)],
    [
      'in chunks',
      ['Transfer-Encoding: chunked', 'Trailer: Sum'],
      `${CHUNK.repeat(16)}0\r\nSum: 1\r\n\r\n`,
    ],
  ])('of 1 MiB, %s, leaves the connection as it is', async (_, lines, body) => {
    const wire = await openGuarded();
    wire.socket.write(head('/small', ...lines));
    expect(await wire.read(REFUSAL)).not.toMatch(/connection: close/i);
    wire.socket.write(body + next);
    await wire.read(OK);
  });

  it('of more closes the connection, once the answer has been sent', async () => {
    for (const path of ['/small', '/v2/models/small/infer']) {
      const announced = await openGuarded();
      announced.socket.write(head(path, `Content-Length: ${2 * MIB}`));
      expect(await announced.read(REFUSAL)).toMatch(/connection: close/i);
      await announced.end();
    }

    const chunked = await openGuarded();
    chunked.socket.write(head('/small?a=b', 'Transfer-Encoding: chunked'));
    await chunked.read(REFUSAL);
    chunked.socket.write(CHUNK.repeat(32));
    await chunked.end();
  });

  it('is not asked for where its client waits to be', async () => {
    const wire = await openGuarded();
    wire.socket.write(head('/small', 'Content-Length: 12', 'Expect: 100-continue'));
    expect(await wire.read(REFUSAL)).toMatch(/connection: close/i);
    await wire.end();
  });

  it('is received as ever by a route of the host', async () => {
    const wire = await openGuarded();
    wire.socket.write(head('/host', `Content-Length: ${2 * MIB}`));
    expect(await wire.read(REFUSAL)).not.toMatch(/connection: close/i);
    wire.socket.write(' '.repeat(2 * MIB) + next);
    await wire.read(OK);
  });
});

describe.each(WAYS)('Expect: 100-continue on %s', (adapter) => {
  it('is answered when the body is wanted', async () => {
    const wire = await open(adapter);
    wire.socket.write(head('/small', 'Content-Length: 12', 'Expect: 100-continue'));
    await wire.read(/^HTTP\/1\.1 100 Continue\r\n\r\n/);
    wire.socket.write('{"text":"b"}');
    await wire.read(OK);
    wire.socket.write(NEXT);
    await wire.read(OK);
  });

  it.each(['before it starts', 'later'])(
    'is left to an app that listens for it, also one that begins %s',
    async (when) => {
      const listen = (nest: INestApplication) =>
        void nest.getHttpServer().on('checkContinue', (_: unknown, response: ServerResponse) => {
          response.writeHead(417).end();
        });
      const app = await startApp(adapter, {
        controllers: [EchoModel],
        setUp: (nest) => void (when === 'later' || listen(nest)),
      });
      if (when === 'later') listen(app.app);
      const served = vi.fn<() => void>();
      app.app.getHttpServer().on('request', served);
      const socket = await openSocket(app.url);
      socket.write(head('/small', 'Content-Length: 12', 'Expect: 100-continue'));
      const [answer] = (await once(socket, 'data')) as [Buffer];
      expect(String(answer)).toMatch(/^HTTP\/1\.1 417/);
      expect(served).not.toHaveBeenCalled();
      socket.destroy();
    },
  );
});
