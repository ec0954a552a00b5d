import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { gzipSync } from 'node:zlib';
import { createClient } from 'nestjs-model-serving/client';
import { describe, expect, it, onTestFinished } from 'vitest';
import { freePort } from '../redis-server.js';
import { failure } from './failure.js';
import { cut, faultyServer, json, page, reset, type Act } from './faulty-server.js';

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
    ['of a resolver that fails', { code: 'EAI_FAIL', syscall: 'getaddrinfo' }, true],
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
