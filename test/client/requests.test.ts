import { createClient } from 'nestjs-model-serving/client';
import { describe, expect, it } from 'vitest';
import { faultyServer, json } from './faulty-server.js';

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

it('writes what JSON has no words for as the schema has it', async () => {
  const bodies: unknown[] = [];
  const { url } = await faultyServer((response, request, body) => {
    bodies.push(JSON.parse(body));
    json({})(response, request, body);
  });
  const two = new Uint8Array([0, 1, 2, 3]).subarray(1, 3);
  await createClient(url).call('/x', {
    bytes: [two, two.slice().buffer, new DataView(two.buffer, 1, 2), Buffer.from(two)],
    numbers: [new Float32Array([0.5, NaN]), new Uint16Array([7]), new BigInt64Array([-1n]), -0],
    held: new Map<unknown, unknown>([['a', new Set([1n, two])], [2n, Infinity]]),
    said: { toJSON: () => ({ bytes: two, numbers: new Int8Array([1]) }) },
    itself: { toJSON: () => two },
    at: new Date(0),
    none: undefined,
  }); // prettier-ignore
  expect(bodies).toEqual([
    {
      bytes: ['AQI=', 'AQI=', 'AQI=', 'AQI='],
      numbers: [[0.5, 'NaN'], [7], ['-1'], 0],
      held: { a: ['1', 'AQI='], 2: 'Infinity' },
      said: { bytes: 'AQI=', numbers: [1] },
      itself: 'AQI=',
      at: '1970-01-01T00:00:00.000Z',
    },
  ]);
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
