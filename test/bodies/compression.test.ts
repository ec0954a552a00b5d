import { createHook } from 'node:async_hooks';
import { request } from 'node:http';
import { brotliDecompressSync, createBrotliDecompress, createGunzip, gunzipSync } from 'node:zlib';
import { Controller, Injectable, UseInterceptors, type CallHandler } from '@nestjs/common';
import { ModelEndpoint } from 'nestjs-model-serving';
import { once } from 'node:events';
import { map } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { deferred } from '../endpoint/deferred.js';
import { startApp, WAYS } from '../serving-app.js';
import { BINARY, decode } from './binary-client.js';
import { RequestType, ResponseType } from './picture-model.js';

const LONG = 'long '.repeat(1_000);

@Injectable()
class Shouting {
  intercept(_: unknown, next: CallHandler) {
    return next.handle().pipe(map((answer: object) => ({ ...answer, loud: true })));
  }
}

@Controller()
class PackedModels {
  more = deferred();

  @ModelEndpoint('/packed', undefined, { compress: true })
  packed({ size }: { size: number }) {
    return { text: 'a'.repeat(size) };
  }

  @ModelEndpoint('/plain')
  plain() {
    return { text: LONG };
  }

  @ModelEndpoint(
    '/kept',
    { request: RequestType, response: ResponseType },
    { compress: true, cache: true },
  )
  kept() {
    return { kinds: [LONG] };
  }

  @ModelEndpoint('/shouted', undefined, { compress: true })
  @UseInterceptors(Shouting)
  shouted() {
    return { text: LONG };
  }

  @ModelEndpoint('/items', undefined, { compress: true, stream: true })
  async *items() {
    yield { first: LONG };
    await this.more.promise;
    yield { second: LONG };
  }
}

/** Node's own client, which decompresses nothing. */
async function ask(url: string, body: object, headers: Record<string, string>) {
  const sent = request(url, { method: 'POST', headers: { connection: 'close', ...headers } });
  sent.end(JSON.stringify(body));
  const [response] = await once(sent, 'response');
  return response;
}

async function read(url: string, body: object, headers: Record<string, string>) {
  const response = await ask(url, body, headers);
  const chunks: Buffer[] = [];
  for await (const chunk of response) chunks.push(chunk);
  return { headers: response.headers, bytes: Buffer.concat(chunks) };
}

const unpacked = (bytes: Buffer, encoding: string | undefined) =>
  encoding === 'br' ? brotliDecompressSync(bytes) : encoding === 'gzip' ? gunzipSync(bytes) : bytes;

describe.each(WAYS)('compress on %s', (way) => {
  it('follows Accept-Encoding, with its q-values, beyond 1 KiB', async () => {
    const { url } = await startApp(way, { controllers: [PackedModels] });
    const accepted: [accepted: string | undefined, size: number, encoding: string | undefined][] = [
      ['gzip, deflate, br', 5_000, 'br'],
      ['gzip', 5_000, 'gzip'],
      ['GZIP', 5_000, 'gzip'],
      ['br;q=0.5, gzip;q=0.8', 5_000, 'gzip'],
      ['br;q=0, gzip;q=0', 5_000, undefined],
      ['identity, br;q=0.1', 5_000, undefined],
      ['*', 5_000, 'br'],
      ['zstd', 5_000, undefined],
      [undefined, 5_000, undefined],
      ['br', 1_000, undefined],
      [`${'x, '.repeat(4_000)}gzip`, 5_000, 'gzip'],
    ];
    for (const [header, size, encoding] of accepted) {
      const wanted: Record<string, string> =
        header === undefined ? {} : { 'accept-encoding': header };
      const { headers, bytes } = await read(`${url}/packed`, { size }, wanted);
      expect([header, headers['content-encoding']]).toEqual([header, encoding]);
      expect(headers.vary).toBe('Accept-Encoding');
      expect(headers['content-length']).toBe(String(bytes.length));
      expect(headers['content-type']).toBe('application/json; charset=utf-8');
      expect(JSON.parse(unpacked(bytes, encoding).toString()).text).toHaveLength(size);
    }
  });

  it('is off by default', async () => {
    const { url } = await startApp(way, { controllers: [PackedModels] });
    const { headers } = await read(`${url}/plain`, {}, { 'accept-encoding': 'br' });
    expect([headers['content-encoding'], headers.vary]).toEqual([undefined, undefined]);
  });

  it('adds to the Vary of others, and what interceptors made is compressed', async () => {
    const { url } = await startApp(way, {
      controllers: [PackedModels],
      setUp: (app) => app.enableCors({ origin: ['http://a.example'] }),
    });
    const wanted = { 'accept-encoding': 'gzip', origin: 'http://a.example' };
    const { headers, bytes } = await read(
      `${url}/shouted`,
      {},
      { ...wanted, 'content-type': 'application/json' },
    );
    expect(headers.vary).toBe('Origin, Accept-Encoding');
    expect(JSON.parse(gunzipSync(bytes).toString())).toEqual({ text: LONG, loud: true });
  });

  it('compresses a kept answer once', async () => {
    const { url } = await startApp(way, { controllers: [PackedModels] });
    let compressions = 0;
    const hook = createHook({ init: (_, type) => void (type === 'ZLIB' && compressions++) });
    hook.enable();
    const ask = (accept: string) => read(`${url}/kept`, {}, { 'accept-encoding': 'br', accept });
    const first = await ask('*/*');
    const second = await ask('*/*');
    expect([first.headers['x-cache'], second.headers['x-cache']]).toEqual(['MISS', 'HIT']);
    expect(second.bytes).toEqual(first.bytes);
    expect(compressions).toBe(1);
    const [binary] = [await ask(BINARY), await ask(BINARY), await ask('*/*')];
    expect(compressions).toBe(2);
    hook.disable();
    expect(binary.headers['content-type']).toBe(BINARY);
    expect(decode(brotliDecompressSync(binary.bytes))).toEqual({ kinds: [LONG] });
  });

  it('lets the items of a stream out as they come', async () => {
    const { app, url } = await startApp(way, { controllers: [PackedModels] });
    const model = app.get(PackedModels);
    for (const [encoding, unpacker] of [
      ['gzip', createGunzip()],
      ['br', createBrotliDecompress()],
    ] as const) {
      model.more = deferred();
      const response = await ask(`${url}/items`, {}, { 'accept-encoding': encoding });
      expect(response.headers).toMatchObject({
        'content-encoding': encoding,
        vary: 'Accept-Encoding',
      });
      const text = response.pipe(unpacker).setEncoding('utf8');
      let seen = '';
      for await (const chunk of text) {
        seen += chunk;
        if (seen.includes('first')) model.more.resolve();
      }
      expect(seen).toContain('second');
      expect(seen).toContain('event: end');
    }
    const array = await read(
      `${url}/items`,
      {},
      { 'accept-encoding': 'br', accept: 'application/json' },
    );
    expect(JSON.parse(brotliDecompressSync(array.bytes).toString())).toHaveLength(2);
  });
});
