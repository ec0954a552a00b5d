import { VersioningType } from '@nestjs/common';
import { ModelEndpoint, type PredictContext } from 'nestjs-model-serving';
import { createClient, ServingClientError } from 'nestjs-model-serving/client';
import protobuf from 'protobufjs';
import { describe, expect, it } from 'vitest';
import { ADAPTERS, startApp } from '../serving-app.js';
import { sharedApp } from './shared-app.js';
import { EchoModel, type EchoApi } from './echo-model.js';

const echoes = { controllers: [EchoModel] };

describe.each(ADAPTERS)('A client calls an app on %s', (adapter) => {
  const app = sharedApp(adapter, echoes);

  it('in JSON, whatever the input holds', async () => {
    const { url } = app;
    const client = createClient<EchoApi>(url);
    const answer = await client.call('/echo', {
      text: 'Zoë 🦉',
      id: 2n ** 62n,
      image: Buffer.from([0, 127, 255]),
      weights: new Float32Array([0.5, NaN, -Infinity]),
      ids: new BigInt64Array([1n, -(2n ** 63n)]),
      parts: [new Uint8Array(), new Uint8Array([1]).subarray(0, 1), 'AQI='],
      mode: 'EXACT',
      at: '2026-01-02T03:04:05Z',
      score: Infinity,
      counts: { a: 1 },
      inner: { image: new Uint8Array(100_000).fill(7) },
    });
    expect(answer).toEqual({
      request: {
        text: 'Zoë 🦉',
        id: '4611686018427387904',
        image: 'AH//',
        weights: [0.5, 'NaN', '-Infinity'],
        ids: ['1', '-9223372036854775808'],
        parts: ['', 'AQ==', 'AQI='],
        mode: 'EXACT',
        at: '2026-01-02T03:04:05Z',
        score: 'Infinity',
        counts: { a: 1 },
        inner: { image: Buffer.alloc(100_000, 7).toString('base64') },
      },
      image: '//4=',
      id: '1152921504606846976',
    });
  });

  it('in protobuf, by functions of the caller', async () => {
    const { url } = app;
    const root = await protobuf.load(new URL('./echo.proto', import.meta.url).pathname);
    const [request, response] = [root.lookupType('Request'), root.lookupType('Response')];
    const binary = {
      encode: (input: { text: string }) => request.encode(input).finish(),
      decode: (bytes: Uint8Array) => response.decode(bytes).toJSON() as { request: unknown },
    };
    const client = createClient<EchoApi>(url);
    const answer = await client.call('/echo', { text: 'Ada' }, binary);
    expect(answer.request).toEqual({ text: 'Ada' });

    const failure = client.call(
      '/echo',
      { text: 'Ada' },
      {
        ...binary,
        encode: () => new Uint8Array([255]),
        headers: { 'x-request-id': 'mine' },
      },
    );
    await expect(failure).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      status: 400,
      requestId: 'mine',
      message: expect.stringMatching(/protobuf|message/i),
    });
  });

  it('and is told in protobuf what is wrong where it asks for protobuf', async () => {
    const { url } = app;
    const client = createClient<EchoApi>(url);
    const failure = client.call(
      '/echo',
      { score: 'high' },
      {
        encode: (input) => new TextEncoder().encode(JSON.stringify(input)),
        decode: (bytes) => bytes,
        headers: { 'content-type': 'application/json' },
      },
    );
    await expect(failure).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      details: [{ path: '$.score', message: expect.stringContaining('"high"') }],
      requestId: expect.stringMatching(/./),
    });
  });

  it('with parameters, a query, a prefix and a version', async () => {
    const { url } = await startApp(adapter, {
      ...echoes,
      setUp: (app) => {
        app.setGlobalPrefix('api');
        app.enableVersioning({ type: VersioningType.URI, defaultVersion: '1' });
      },
    });
    for (const base of [`${url}/api/v1`, `${url}/api/v1/`, new URL('/api/v1', url)]) {
      const client = createClient<EchoApi>(base);
      const options = {
        params: { model: 'é/ä?#%' },
        query: { n: 1, tag: ['a&b', 'c'], none: undefined },
      };
      expect(await client.call('/run/:model', {}, options)).toEqual({
        params: { model: 'é/ä?#%' },
        query: { n: '1', tag: ['a&b', 'c'] },
      });
    }
  });

  it('with the rest of a path', async () => {
    const path: string = adapter === 'express' ? '/files/*path' : '/files/*';
    @ModelEndpoint(path)
    class Files {
      predict(_: object, { params }: PredictContext) {
        return Object.values(params);
      }
    }
    const { url } = await startApp(adapter, { controllers: [Files] });
    const client = createClient(url);
    const name = path.slice('/files/*'.length) || '*';
    for (const rest of ['a b/c', ['a b', 'c']]) {
      expect(await client.call(path, {}, { params: { [name]: rest } })).toEqual(['a b/c']);
    }
  });

  it('with headers and with what time is left', async () => {
    const { url } = app;
    let renewed = 0;
    const client = createClient<EchoApi>(url, {
      headers: async () => ({ authorization: `Bearer ${++renewed}`, 'x-other': 'client' }),
      timeout: 20_000,
    });
    const first = await client.call('/context', {});
    expect(first.headers).toMatchObject({ authorization: 'Bearer 1', 'x-other': 'client' });
    expect(Number(first.headers['x-request-timeout-ms'])).toBeLessThanOrEqual(20_000);
    // The two clocks of a process may differ by a little; without the header it would be 30 s.
    expect(first.remaining).toBeLessThan(21_000);
    const own = { headers: { 'x-other': 'call', authorization: undefined }, timeout: Infinity };
    const second = await client.call('/context', {}, own);
    expect(second.headers).toMatchObject({ authorization: 'Bearer 2', 'x-other': 'call' });
    expect(second.headers).not.toHaveProperty('x-request-timeout-ms');
  });

  it.each([Number.MAX_SAFE_INTEGER, Number.MAX_VALUE, 2 ** 31])('within %d ms', async (timeout) => {
    const { url } = app;
    expect(await createClient<EchoApi>(url).call('/nothing', {}, { timeout })).toBeNull();
  });

  it('and gets null where an endpoint answers it', async () => {
    const { url } = app;
    expect(await createClient<EchoApi>(url).call('/nothing', {})).toBeNull();
  });

  it.each([
    [{ text: 'Missing text' }, { code: 'INVALID_ARGUMENT', status: 400, message: 'Missing text' }],
    [{ status: 403 }, { code: 'PERMISSION_DENIED', status: 403 }],
    [
      { status: 409, text: 'taken' },
      { code: 'ABORTED', status: 409, message: 'taken' },
    ],
    [
      { status: 418, text: 'tea' },
      { code: 'FAILED_PRECONDITION', status: 418, message: 'tea' },
    ],
    [
      { status: 500, text: 'secret' },
      { code: 'INTERNAL', status: 500 },
    ],
    [
      { status: 503, text: 'later' },
      { code: 'UNAVAILABLE', status: 503, message: 'later' },
    ],
  ])('and is told of a failure %j', async (input, expected) => {
    const { url } = app;
    const client = createClient<EchoApi>(url, { headers: { 'x-request-id': 'the-id' } });
    const error: unknown = await client.call('/fail', input).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(ServingClientError);
    expect(error).toMatchObject({ ...expected, requestId: 'the-id', retryable: false });
    expect((error as Error).message).not.toContain('secret');
  });

  it('and is told where the input breaks the schema', async () => {
    const { url } = app;
    const client = createClient<EchoApi>(url);
    // @ts-expect-error a mode that there is not
    const failure = client.call('/echo', { inner: { mode: 'SLOW' } });
    await expect(failure).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      details: [{ path: '$.inner.mode', message: expect.any(String) }],
    });
  });

  it('and is told of paths that are not there', async () => {
    const { url } = app;
    const failure = createClient(url).call('/nowhere', {});
    await expect(failure).rejects.toMatchObject({ code: 'NOT_FOUND', status: 404 });
  });
});
