import {
  createClient,
  type AnswerOf,
  type EndpointTypes,
  type InputOf,
  type Json,
  type PathOf,
  type Received,
  type Sent,
} from 'nestjs-model-serving/client';
import type {
  AnyMessage,
  JsonLike,
  JsonValue,
  ListLike,
  MapLike,
  NumbersLike,
  OneOf,
} from 'nestjs-model-serving';
import type { echoSchema } from '../client/echo-schema.js';

/** Compiled, never run: what must not compile stands under `@ts-expect-error`. */

/** Both, or neither, can stand for the other. */
type Same<A, B> =
  (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
declare function same<A, B>(are: Same<A, B>): void;

type Api = {
  '/echo': typeof echoSchema;
  '/run/:model': EndpointTypes<{ a: number }, { b: Date }>;
  '/files/*path': EndpointTypes;
  '/maybe{/:id}': EndpointTypes;
  '/v1/models/:model@:version/versions/:größe': EndpointTypes;
  '/v1/models/:model\\:predict': EndpointTypes;
  '/health\\:check': EndpointTypes;
  '/plain': string;
};
const client = createClient<Api>('http://localhost:8000');

same<PathOf<Pick<Api, '/echo' | '/run/:model'>>, '/echo' | '/run/:model'>(true);
same<InputOf<Api, '/plain'>, any>(true);
same<AnswerOf<Api, '/plain'>, any>(true);

// What is sent.
same<Sent<any>, any>(true);
same<Sent<unknown>, unknown>(true);
same<Sent<number | 'NaN'>, number | 'NaN'>(true);
same<Sent<Uint8Array>, Uint8Array | string>(true);
same<Sent<{ a?: string; readonly b: boolean }>, { a?: string | bigint; readonly b: boolean }>(true);
same<Sent<'A' | 'B'>, 'A' | 'B'>(true);

export async function sends() {
  await client.call('/echo', {});
  await client.call('/echo', {
    id: 5n,
    image: Buffer.from(''),
    weights: new Float32Array(3),
    ids: [1n, '2'],
    parts: [new Uint8Array(), ''],
    counts: { a: 1 },
    inner: { inner: { id: '5', ids: new BigInt64Array() } },
  });
  await client.call('/echo', { weights: [1, 'NaN'] as const });
  await client.call('/echo', {}, { timeout: 5, signal: new AbortController().signal });
  // @ts-expect-error a path that there is not
  await client.call('/ehco', {});
  // @ts-expect-error a field that there is not
  await client.call('/echo', { txet: '' });
  // @ts-expect-error within another
  await client.call('/echo', { inner: { txet: '' } });
  // @ts-expect-error a field of another type
  await client.call('/echo', { text: 5 });
  // @ts-expect-error a name that there is not
  await client.call('/echo', { mode: 'SLOW' });
  // @ts-expect-error bytes where numbers are
  await client.call('/echo', { weights: new Uint8Array(3) });
  // @ts-expect-error numbers that lost digits
  await client.call('/echo', { id: 5 });
  // @ts-expect-error an option that there is not
  await client.call('/echo', {}, { timeuot: 5 });
  // @ts-expect-error half of a binary call
  await client.call('/echo', {}, { encode: () => new Uint8Array() });
  // @ts-expect-error no input
  await client.call('/echo');
}

// What arrives.
same<Received<any>, any>(true);
same<Received<unknown>, unknown>(true);
same<Received<number | bigint | string>, string>(true);
same<Received<bigint>, string>(true);
same<Received<Uint8Array | ArrayBuffer | string>, string>(true);
same<Received<Date | string>, string>(true);
same<Received<number | 'NaN'>, number | 'NaN'>(true);
same<Received<number[] | Float32Array | Uint8Array | Set<number>>, number[]>(true);
same<Received<Float32Array>, number[]>(true);
same<Received<(number | bigint | string)[] | BigInt64Array>, string[]>(true);
same<Received<Set<bigint>>, string[]>(true);
same<Received<Uint8Array[]>, string[]>(true);
same<Received<Map<string, bigint>>, Record<string, string>>(true);
same<Received<'A' | 'B' | null>, 'A' | 'B' | null>(true);
same<Received<{ a?: Date; b: [{ c: bigint }][] }>['a'], string | undefined>(true);
same<Received<{ b: { c: bigint }[][] }>['b'], { c: string }[][]>(true);

export async function receives() {
  const { request, image, id } = await client.call('/echo', {});
  same<typeof image, string | undefined>(true);
  same<typeof id, string | undefined>(true);
  const { weights, ids, parts, at, mode, counts, inner } = request!;
  same<typeof weights, (number | 'NaN' | 'Infinity' | '-Infinity')[] | undefined>(true);
  same<typeof ids, string[] | undefined>(true);
  same<typeof parts, string[] | undefined>(true);
  same<typeof at, string | undefined>(true);
  same<typeof mode, 'FAST' | 'EXACT' | undefined>(true);
  same<typeof counts, Record<string, number> | undefined>(true);
  const deep = inner?.inner?.ids;
  same<typeof deep, string[] | undefined>(true);
  // @ts-expect-error a field that there is not
  return (await client.call('/echo', {})).lable;
}

// Types that hold themselves, and as they are generated.
interface Deep {
  value?: JsonLike | undefined;
  struct?: MapLike<JsonLike> | undefined;
  list?: NumbersLike<JsonLike> | undefined;
  values?: ListLike<JsonLike> | undefined;
  any?: AnyMessage | undefined;
  pick?: OneOf<{ id: bigint | number | string; deep: Deep }> | undefined;
  deeper?: ListLike<Deep> | undefined;
}
same<Received<JsonLike>, Json>(true);
same<NonNullable<Received<Deep>['list']>, Json[]>(true);
same<NonNullable<Received<Deep>['values']>, Json[]>(true);

type DeepApi = {
  '/deep': EndpointTypes<{ value?: JsonValue; struct?: Record<string, JsonValue> }, Deep>;
};
export async function deep() {
  const value = { a: [1, null, { b: true }], c: 'x' };
  const answer = await createClient<DeepApi>('').call('/deep', { value, struct: value });
  const { struct, any, pick, deeper } = answer;
  same<typeof answer.value, Json | undefined>(true);
  const id: string | undefined = pick?.id;
  const first: Json | undefined = deeper?.[0]?.deeper?.[0]?.pick?.deep?.value;
  return [struct?.['a'], any?.['@type'], id, first] satisfies unknown[];
}

// Paths.
export async function fills() {
  const { b } = await client.call('/run/:model', { a: 1 }, { params: { model: 'x' } });
  same<typeof b, string>(true);
  await client.call('/files/*path', {}, { params: { path: ['a', 'b'] } });
  await client.call('/maybe{/:id}', {});
  await client.call('/maybe{/:id}', {}, { params: { id: 5 }, query: { a: 1, b: ['c'] } });
  await client.call('/v1/models/:model\\:predict', {}, { params: { model: 'x' } });
  await client.call('/health\\:check', {});
  const params = { model: 'x', version: 2, größe: 'y' };
  await client.call('/v1/models/:model@:version/versions/:größe', {}, { params });
  // @ts-expect-error a parameter that is missing
  await client.call('/run/:model', { a: 1 });
  // @ts-expect-error a parameter that is missing
  client.stream('/run/:model', { a: 1 }, { params: {} });
  // @ts-expect-error a parameter that there is not
  await client.call('/run/:model', { a: 1 }, { params: { model: 'x', modle: 'y' } });
  // @ts-expect-error parameters of a path that has none
  await client.call('/echo', {}, { params: { model: 'x' } });
}

// Streams.
export async function streams() {
  for await (const { id } of client.stream('/echo', {})) same<typeof id, string | undefined>(true);
  // @ts-expect-error there are no binary streams
  client.stream('/echo', {}, { encode: () => new Uint8Array(), decode: () => 1 });
}

// Binary messages.
export async function binary() {
  const encode = (input: { n: number }) => new Uint8Array(input.n);
  const decode = (bytes: Uint8Array) => bytes.length;
  const length = await client.call('/echo', { n: 1 }, { encode, decode, timeout: 5 });
  same<typeof length, number>(true);
  const params = { model: 'x' };
  same<typeof length, Awaited<ReturnType<typeof withParams>>>(true);
  function withParams() {
    return client.call('/run/:model', { n: 1 }, { encode, decode, params });
  }
  // @ts-expect-error not what encode takes
  await client.call('/echo', { m: 1 }, { encode, decode });
  // @ts-expect-error a parameter that is missing
  await client.call('/run/:model', { n: 1 }, { encode, decode });
}

// Without an API everything goes.
export async function untyped() {
  const anything = await createClient('http://localhost').call('/x', { a: [1] });
  same<typeof anything, any>(true);
  for await (const item of createClient('http://localhost').stream('/x', null)) return item.a;
}

interface AsInterface {
  '/echo': typeof echoSchema;
}
export const other = createClient<AsInterface>(new URL('http://localhost'), {
  headers: async () => ({ a: 'b', c: undefined }),
  fetch: (url, init) => fetch(url, { ...init, credentials: 'include' }),
  retry: { budget: { ratio: 0.2 } },
});
export const withHeaders = [new Headers(), { a: 'b' }, [['a', 'b'] as const]].map((headers) =>
  createClient('/api', { headers }),
);
