import { once } from 'node:events';
import { connect, constants, type ClientHttp2Session, type IncomingHttpHeaders } from 'node:http2';
import type { INestApplication } from '@nestjs/common';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { register } from 'prom-client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ModelEndpoint, type PredictContext } from 'nestjs-model-serving';
import { deferred } from '../endpoint/deferred.js';
import { createApp } from '../serving-app.js';
import { EchoModel } from './model.js';

const held = deferred<PredictContext>();

@ModelEndpoint('/held', undefined, { maxConcurrency: 1, maxQueue: 0 })
class HeldModel {
  async predict(_: object, context: PredictContext) {
    held.resolve(context);
    await once(context.signal, 'abort');
  }
}

let app: INestApplication;
let url: string;
let session: ClientHttp2Session;

beforeAll(async () => {
  app = await createApp(new FastifyAdapter({ http2: true }), {
    controllers: [EchoModel, HeldModel],
  });
  await app.listen(0, '127.0.0.1');
  url = await app.getUrl();
  session = connect(url);
});
afterAll(async () => {
  session.destroy();
  await app.close();
});

function send(path: string, headers: Record<string, string> = {}) {
  return session.request({ ':method': 'POST', ':path': path, ...headers });
}

async function answerOf(stream: ReturnType<typeof send>) {
  stream.setEncoding('utf8');
  const [headers] = (await once(stream, 'response')) as [IncomingHttpHeaders];
  let text = '';
  for await (const chunk of stream) text += chunk;
  return { status: headers[':status' as keyof typeof headers], headers, body: JSON.parse(text) };
}

async function post(path: string, body: string | Uint8Array, headers?: Record<string, string>) {
  const stream = send(path, headers);
  stream.end(body);
  return answerOf(stream);
}

describe('over HTTP/2', () => {
  it.each(['/free', '/checked'])('%s answers as over HTTP/1.1', async (path) => {
    const answer = await post(path, '{"text":"größer"}', { 'x-request-id': 'r1' });
    expect(answer).toMatchObject({
      status: 200,
      headers: { 'x-request-id': 'r1', 'content-type': 'application/json; charset=utf-8' },
      body: { text: 'größer' },
    });
    expect(await post(path, '{"text":')).toMatchObject({ status: 400 });
  });

  it.each([
    ['too large', 413, { 'content-length': '5000000' }],
    ['of an unknown encoding', 415, { 'content-encoding': 'zstd' }],
    ['with a wrong header', 400, { 'x-request-timeout-ms': 'soon' }],
    ['of a foreign page', 415, { origin: 'https://evil.example' }],
  ])('a body %s is answered before it is sent', async (_, status, headers) => {
    const stream = send('/small', headers);
    expect(await answerOf(stream)).toMatchObject({
      status,
      body: { requestId: expect.any(String) },
    });
    expect(stream.rstCode).toBe(constants.NGHTTP2_NO_ERROR);
    expect((await post('/small', '{}')).status).toBe(200);
  });

  it('a body that grows too large is answered, and its stream is closed', async () => {
    const stream = send('/small');
    stream.write(Buffer.alloc(30_000, 0x20));
    expect(await answerOf(stream)).toMatchObject({ status: 413 });
    expect((await post('/small', '{}')).status).toBe(200);
  });

  it("a page of the server's own is told by :authority", async () => {
    expect((await post('/free', '{}', { origin: url })).status).toBe(200);
  });

  it('a deadline that passes during the upload is a 504', async () => {
    const stream = send('/free', { 'x-request-timeout-ms': '1' });
    stream.write('{"a":');
    expect(await answerOf(stream)).toMatchObject({ status: 504 });
  });

  it('a stream that is reset ends its call, sent half or whole', async () => {
    const half = send('/free', { 'content-length': '100' });
    half.write('{"a":');
    half.close(constants.NGHTTP2_CANCEL);
    const whole = send('/held');
    whole.end('{}');
    const { signal } = await held.promise;
    expect((await post('/held', '{}')).status).toBe(429);
    whole.close(constants.NGHTTP2_CANCEL);
    if (!signal.aborted) await once(signal, 'abort');
    expect(signal.reason).toMatchObject({ failure: 'Cancelled' });
    await expect.poll(() => register.metrics().then(inFlight)).toBe(0);
  });

  it('answers and broken streams are counted as what they are', async () => {
    const before = await counts();
    await post('/small', '{}');
    await post('/small', '{');
    await answerOf(send('/small', { 'content-length': '5000000' }));
    await expect.poll(counts).toEqual({
      ok: (before.ok ?? 0) + 1,
      invalid: (before.invalid ?? 0) + 2,
    });
  });

  it('serves many streams of one connection at once', async () => {
    const bodies = Array.from({ length: 100 }, (_, n) =>
      JSON.stringify({ n, x: 'y'.repeat(n * 500) }),
    );
    const answers = await Promise.all(bodies.map((body) => post('/free', body)));
    expect(answers.map(({ body }) => JSON.stringify(body))).toEqual(bodies);
  });
});

/** How the requests to /small ended. */
async function counts(): Promise<Record<string, number>> {
  const text = await register.metrics();
  const lines = text.matchAll(
    /^model_serving_requests_total\{endpoint="\/small",outcome="(\w+)"\} (\d+)$/gm,
  );
  const all = [...lines].map(([, outcome, count]) => [outcome, Number(count)] as const);
  return Object.fromEntries(all.filter(([, count]) => count > 0));
}

function inFlight(metrics: string): number {
  const values = [...metrics.matchAll(/^model_serving_in_flight\{.*\} (\d+)$/gm)];
  return values.reduce((sum, [, value]) => sum + Number(value), 0);
}
