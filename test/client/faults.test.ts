import { createServer } from 'node:net';
import { gzipSync } from 'node:zlib';
import { getEventListeners, once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { createClient, ServingClientError, type CallOptions } from 'nestjs-model-serving/client';
import { describe, expect, it, onTestFinished } from 'vitest';
import { freePort } from '../redis-server.js';
import { cut, faultyServer, json, page, reset, silence, type Act } from './faulty-server.js';

/** How a call fails, which may not be made again. */
async function failure(url: string, options?: CallOptions): Promise<ServingClientError> {
  const client = createClient(url, { retry: false });
  const error: unknown = await client.call('/classify', {}, options).catch((thrown) => thrown);
  expect(error).toBeInstanceOf(ServingClientError);
  return error as ServingClientError;
}

const failureOf = async (act: Act) => failure((await faultyServer(act)).url);

const HTML = '<html><head><title>502 Bad Gateway</title></head></html>';

describe('A client fails with the code of', () => {
  it.each([
    [400, 'INVALID_ARGUMENT'],
    [401, 'UNAUTHENTICATED'],
    [404, 'NOT_FOUND'],
    [413, 'RESOURCE_EXHAUSTED'],
    [418, 'FAILED_PRECONDITION'],
    [429, 'RESOURCE_EXHAUSTED'],
    [500, 'INTERNAL'],
    [502, 'UNAVAILABLE'],
    [503, 'UNAVAILABLE'],
    [504, 'DEADLINE_EXCEEDED'],
    [520, 'UNKNOWN'],
    [304, 'UNKNOWN'],
  ])("a proxy's page with status %i: %s", async (status, code) => {
    const error = await failureOf(page(status === 304 ? '' : HTML, status));
    expect(error).toMatchObject({ code, status, details: [], requestId: undefined });
    if (status !== 304) expect(error.message).toContain('<title>502 Bad Gateway');
    expect(error.message.length).toBeLessThan(200);
  });

  it.each([
    ['of another framework', { statusCode: 413, code: 'FST_ERR', error: 'Payload Too Large' }],
    ['of a gateway', { message: 'Payload Too Large' }],
    ['with details that are none', { error: 'Payload Too Large', details: [null, 5, { path: 1 }] }],
    ['with a code that is none', { error: 'Payload Too Large', code: 'OK' }],
  ])('the status of JSON %s', async (_, body) => {
    expect(await failureOf(json(body, 413))).toMatchObject({
      code: 'RESOURCE_EXHAUSTED',
      message: 'Payload Too Large',
      details: [],
    });
  });

  it.each([['null'], ['[]'], ['"no"'], ['{"error":'], ['']])('the status of %j', async (body) => {
    const error = await failureOf(page(body, 502, { 'content-type': 'application/json' }));
    expect(error).toMatchObject({ code: 'UNAVAILABLE', status: 502 });
    expect(error.message).toContain('502');
  });

  it.each([
    ['cut', [8, 3, 18, 100, 1]],
    ['endless', [255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255]],
    ['nonsense', [26, 4, 10, 2, 18, 9]],
  ])('the status of binary that is %s', async (_, bytes) => {
    const error = await failureOf((response) => {
      response.writeHead(400, { 'content-type': 'application/x-protobuf', 'x-request-id': 'id' });
      response.end(Buffer.from(bytes));
    });
    expect(error).toMatchObject({ code: 'INVALID_ARGUMENT', status: 400, requestId: 'id' });
  });

  it('an error whose body was cut, which its status tells', async () => {
    expect(await failureOf(cut('{"error":"x', 'application/json', 404))).toMatchObject({
      code: 'NOT_FOUND',
      status: 404,
    });
  });
});

describe('A client does not take for an answer', () => {
  it.each([
    ['a page', page('<html>', 200), 'text/html'],
    ['broken JSON', page('{"a":', 200, { 'content-type': 'application/json' }), 'JSON'],
    ['nothing', page('', 200, { 'content-type': 'application/json' }), 'JSON'],
    ['no content', page('', 204), 'application/json'],
    [
      'packed JSON that is cut',
      (response) => {
        const headers = { 'content-type': 'application/json', 'content-encoding': 'gzip' };
        response.writeHead(200, headers);
        response.end(gzipSync('{"a":"abc"}').subarray(0, -10));
      },
      'application/json that cannot be read',
    ],
    ['what has no type', (response) => response.end('{}'), 'no content type'],
  ] satisfies [string, Act, string][])('%s', async (_, act, named) => {
    const error = await failureOf(act);
    expect(error).toMatchObject({ code: 'UNKNOWN', retryable: false });
    expect(error.message).toContain(named);
  });

  it('a message that cannot be decoded', async () => {
    const { url } = await faultyServer(
      page('x', 200, { 'content-type': 'application/x-protobuf' }),
    );
    const decode = (): never => {
      throw new RangeError('index out of range');
    };
    const call = createClient(url).call('/x', {}, { encode: () => new Uint8Array(), decode });
    await expect(call).rejects.toMatchObject({ code: 'UNKNOWN', cause: expect.any(RangeError) });
  });

  it('a body that was cut', async () => {
    expect(await failureOf(cut('{"a": 1'))).toMatchObject({
      code: 'UNAVAILABLE',
      status: 200,
      retryable: false,
      cause: expect.any(Error),
    });
  });

  it('an interim answer, a redirect to a page, or one without end', async () => {
    const { url } = await faultyServer(page('', 302, { location: '/login' }), page('Log in', 200));
    const error = await failure(url);
    expect(error).toMatchObject({ code: 'UNKNOWN', status: 200 });
    expect(error.message).toContain(`${url}/login`);
    const circle = await failureOf(page('', 307, { location: '/' }));
    expect(circle).toMatchObject({ code: 'UNAVAILABLE', retryable: false });
  });

  it('what is no HTTP', async () => {
    const server = createServer((socket) => socket.end('220 mail ready\r\n'));
    onTestFinished(() => void server.close());
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const error = await failure(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
    expect(error).toMatchObject({ code: 'UNAVAILABLE', status: undefined, retryable: false });
  });
});

it.each([
  ['with a mark of its encoding', page('\uFEFF{"a":1}', 200, { 'content-type': 'text/json' })],
  [
    'of a type of its own',
    page('{"a":1}', 200, { 'content-type': 'Application/Vnd.a+JSON ; a=b' }),
  ],
  [
    'that is packed',
    (response) => {
      response.writeHead(200, { 'content-type': 'application/json', 'content-encoding': 'gzip' });
      response.end(gzipSync('{"a":1}'));
    },
  ],
  [
    'after interim ones',
    (response, ...rest) => {
      response.writeProcessing();
      response.writeEarlyHints({ link: '</style.css>; rel=preload' });
      json({ a: 1 })(response, ...rest);
    },
  ],
] satisfies [string, Act][])('takes an answer %s', async (_, act) => {
  const { url } = await faultyServer(act);
  expect(await createClient(url).call('/x', {})).toEqual({ a: 1 });
});

it.each([
  ['an object', { authorization: 'a', none: undefined }],
  ['Headers', new Headers({ authorization: 'a' })],
  ['pairs', [['authorization', 'a'] as const]],
  ['a Map', new Map([['authorization', 'a']])],
])('sends headers that are %s', async (_, headers) => {
  const { url, requests } = await faultyServer(json({}));
  await createClient(url, { headers }).call('/x', {});
  await createClient(url, { headers: () => headers }).call('/x', {});
  await createClient(url).call('/x', {}, { headers });
  for (const { headers } of requests) expect(headers).toMatchObject({ authorization: 'a' });
  expect(requests).toHaveLength(3);
});

it('follows a redirect that keeps the method', async () => {
  const { url, requests } = await faultyServer(page('', 308, { location: '/new' }), json({ a: 1 }));
  expect(await createClient(url).call('/old', {})).toEqual({ a: 1 });
  expect(requests.map(({ method, url }) => `${method} ${url}`)).toEqual(['POST /old', 'POST /new']);
});

describe('A client knows what surely did not reach the server', () => {
  it('a connection that is refused', async () => {
    const port = await freePort();
    for (const host of ['127.0.0.1', 'localhost']) {
      const error = await failure(`http://${host}:${port}`);
      expect(error).toMatchObject({ code: 'UNAVAILABLE', status: undefined, retryable: true });
    }
  });

  it('a name that is not found', async () => {
    expect(await failure('http://no-such-host.invalid')).toMatchObject({
      code: 'UNAVAILABLE',
      retryable: true,
    });
  });

  it.each([
    ['of a name without answer', { code: 'EAI_AGAIN', syscall: 'getaddrinfo' }, true],
    ['of a slow connection', { code: 'UND_ERR_CONNECT_TIMEOUT' }, true],
    ['of slow connections to all addresses', { code: 'ERR_SOCKET_CONNECTION_TIMEOUT' }, true],
    ['of a network that is not there', { code: 'ENETUNREACH', syscall: 'connect' }, true],
    ['of all addresses', { errors: [{ code: 'ECONNREFUSED' }, { code: 'ECONNREFUSED' }] }, true],
    ['of one address', { errors: [{ code: 'ECONNREFUSED' }, { code: 'ECONNRESET' }] }, false],
    ['of a reset', { code: 'ECONNRESET', syscall: 'read' }, false],
    ['of a closed socket', { code: 'UND_ERR_SOCKET' }, false],
    ['of a slow head', { code: 'UND_ERR_HEADERS_TIMEOUT' }, false],
    ['of a certificate', { code: 'CERT_HAS_EXPIRED' }, false],
    ['of a browser', undefined, false],
  ])('by the cause %s', async (_, cause, retryable) => {
    const fetch = () => Promise.reject(new TypeError('fetch failed', { cause }));
    const call = createClient('http://localhost', { retry: false, fetch }).call('/x', {});
    await expect(call).rejects.toMatchObject({ code: 'UNAVAILABLE', retryable });
  });

  it('and says why, which fetch itself does not', async () => {
    const { message } = await failure(`http://127.0.0.1:${await freePort()}`);
    expect(message).toMatch(/^The server cannot be reached: connect ECONNREFUSED/);
    const errors = [new Error('connect ECONNREFUSED ::1'), new Error('other')];
    const cause = Object.assign(new AggregateError(errors), { code: 'ECONNREFUSED' });
    const fetch = () => Promise.reject(new TypeError('fetch failed', { cause }));
    const call = createClient('http://localhost', { retry: false, fetch }).call('/x', {});
    await expect(call).rejects.toThrow('No answer came: connect ECONNREFUSED ::1');
  });

  it('and what may have', async () => {
    const error = await failureOf(reset);
    expect(error).toMatchObject({ code: 'UNAVAILABLE', status: undefined, retryable: false });
    expect(error.cause).toBeInstanceOf(TypeError);
  });
});

describe('A call ends', () => {
  it.each([
    ['before the head', silence],
    ['within the body', (response) => void response.writeHead(200).write('{"a":')],
    ['within the body of an error', (response) => void response.writeHead(503).write('<html>')],
  ] satisfies [string, Act][])('at its deadline %s', async (_, act) => {
    const { url } = await faultyServer(act);
    const error = await failure(url, { timeout: 300 });
    expect(error).toMatchObject({
      code: 'DEADLINE_EXCEEDED',
      message: expect.stringMatching('300'),
    });
  });

  it('with its caller, and the server sees it', async () => {
    const leaving = new AbortController();
    let gone: Promise<unknown> | undefined;
    const { url } = await faultyServer((_, request) => {
      gone = once(request.socket, 'close');
      leaving.abort('enough');
    });
    const error = await failure(url, { signal: leaving.signal });
    expect(error).toMatchObject({ code: 'CANCELLED', cause: 'enough' });
    await gone;
  });

  it('before it begins, where its caller has left', async () => {
    const { url, requests } = await faultyServer(json({}));
    const signal = AbortSignal.abort();
    expect(await failure(url, { signal })).toMatchObject({ code: 'CANCELLED' });
    expect(requests).toHaveLength(0);
  });

  it.each([0, -1, -Infinity])('before it begins, where its time is %d ms', async (timeout) => {
    const { url, requests } = await faultyServer(json({}), json({}));
    expect(await failure(url, { timeout })).toMatchObject({ code: 'DEADLINE_EXCEEDED' });
    const items = createClient(url).stream('/x', {}, { timeout });
    await expect(items.next()).rejects.toMatchObject({ code: 'DEADLINE_EXCEEDED' });
    await createClient(url).call('/after', {});
    expect(requests.map(({ url }) => url)).toEqual(['/after']);
  });

  it('with the deadline of a signal', async () => {
    const { url } = await faultyServer(silence);
    const error = await failure(url, { signal: AbortSignal.timeout(100) });
    expect(error).toMatchObject({ code: 'DEADLINE_EXCEEDED' });
  });

  it('also where a fetch of the caller knows no signal', async () => {
    const fetch = () => new Promise<Response>(() => {});
    const call = createClient('http://localhost', { fetch }).call('/x', {}, { timeout: 50 });
    await expect(call).rejects.toMatchObject({ code: 'DEADLINE_EXCEEDED' });
  });

  it('all that have the same signal', async () => {
    const { url } = await faultyServer(silence);
    const leaving = new AbortController();
    const { signal } = leaving;
    const client = createClient(url);
    const calls = Array.from({ length: 30 }, () => client.call('/x', {}, { signal }));
    // Node warns of a leak where there are more than ten.
    expect(getEventListeners(signal, 'abort')).toHaveLength(1);
    leaving.abort();
    const ends = await Promise.allSettled(calls);
    expect(ends.map((end) => end.status === 'rejected' && end.reason.code)).toEqual(
      calls.map(() => 'CANCELLED'),
    );
  });

  it.each([
    ['answered', json({}), { signal: undefined }],
    ['refused', page('', 400), {}],
    ['cut', cut('{'), { idempotent: true }],
    ['late', silence, { timeout: 50 }],
    ['a mistake', json({}), { headers: { 'a b': '' } }],
  ] satisfies [string, Act, CallOptions][])(
    'and leaves nothing at a signal that lives on, where it is %s',
    async (_, act, options) => {
      const { url } = await faultyServer(act);
      const { signal } = new AbortController();
      const client = createClient(url, { retry: { minDelay: 0 } });
      const others = client.call('/x', {}, { ...options, signal });
      await Promise.allSettled([others, client.call('/x', {}, { ...options, signal })]);
      await client
        .stream('/x', {}, { ...options, signal })
        .next()
        .catch(() => {});
      expect(getEventListeners(signal, 'abort')).toEqual([]);
    },
  );
});

describe('A mistake of the caller is told as one', () => {
  it.each([
    ['a base that is none', () => createClient('localhost:8000')],
    ['a relative base outside a browser', () => createClient('/api')],
    ['a base of another scheme', () => createClient('ftp://localhost')],
    ['a base with a password', () => createClient('http://ada:secret@localhost')],
    ['retries that are no number', () => createClient('http://x', { retry: { limit: NaN } })],
    ['fewer than no retries', () => createClient('http://x', { retry: { limit: -1 } })],
    ['a wait in words', () => createClient('http://x', { retry: { minDelay: '1s' as never } })],
    [
      'a budget without bounds by mistake',
      () => createClient('http://x', { retry: { budget: { ratio: NaN } } }),
    ],
  ])('%s', (_, create) => {
    expect(create).toThrow(TypeError);
    expect(create).not.toThrow('secret');
  });

  it.each([
    ['a parameter that is missing', '/run/:model', {}, {}],
    ['an empty parameter', '/run/:model', { params: { model: '' } }, {}],
    ['a parameter that leads elsewhere', '/run/:model', { params: { model: '..' } }, {}],
    ['a rest that leads elsewhere', '/files/*path', { params: { path: 'a/../b' } }, {}],
    ['a header that is none', '/x', { headers: { 'a b': 'c' } }, {}],
    ['a timeout that is none', '/x', { timeout: NaN }, {}],
    ['a timeout in words', '/x', { timeout: '5s' }, {}],
    ['an input that holds itself', '/x', {}, circle()],
  ])('%s', async (_, path, options: any, input) => {
    const { url, requests } = await faultyServer(json({}));
    await expect(createClient(url).call(path, input, options)).rejects.toThrow(TypeError);
    await expect(createClient(url).stream(path, input, options).next()).rejects.toThrow(TypeError);
    expect(requests).toHaveLength(0);
  });

  it('what its headers fail with', async () => {
    const expired = new Error('The session is over');
    const headers = () => Promise.reject(expired);
    const call = createClient('http://localhost', { headers }).call('/x', {});
    await expect(call).rejects.toBe(expired);
  });
});

function circle(): object {
  const self: { self?: object } = {};
  return Object.assign(self, { self });
}

it.each([
  ['/a', '/a', {}],
  ['a', '/a', {}],
  ['/:a-:b', '/x-y', { a: 'x', b: 'y' }],
  ['/v1/m\\:predict', '/v1/m:predict', {}],
  ['/a{/:b}', '/a', {}],
  ['/a{/:b}', '/a/x', { b: 'x' }],
  ['/a{/:b{/:c}}', '/a/x', { b: 'x' }],
  ['/a{/:b{/:c}}', '/a', { c: 'y' }],
  ['/a{/:b{/:c}}', '/a/x/y', { b: 'x', c: 'y' }],
  ['/:größe@:$v', '/x@y', { größe: 'x', $v: 'y' }],
  ['/:a/:b', '/..x/%2E', { a: '..x', b: '%2E' }],
])('fills %s as %s', async (path, filled, params) => {
  const { url, requests } = await faultyServer(json({}));
  await createClient(`${url}/?key=1#top`).call(path as string, {}, { params, query: { n: 2 } });
  expect(requests[0]!.url).toBe(`${filled.replace('%2E', '%252E')}?key=1&n=2`);
});
