/**
 * What a client knows of an endpoint. Every constant that `protobufSchema()` returns has this shape, so that
 * its type alone is enough; for an endpoint without a schema it can be written by hand.
 *
 * @example
 * ```ts
 * import type { classifySchema } from '../server/classify.proto.js';
 *
 * type Api = {
 *   '/classify': typeof classifySchema;
 *   '/add': EndpointTypes<{ by?: number }, { total: number }>;
 * };
 * ```
 */
export interface EndpointTypes<Request = any, Response = any> {
  /** Carries the types only; it has no value. */
  readonly messageTypes?: { readonly request: Request; readonly response: Response };
}

type MessagesOf<Endpoint> = Endpoint extends { readonly messageTypes?: infer Messages }
  ? NonNullable<Messages>
  : any;

/** The paths of an API, with their parameters: `'/run/:model'`. */
export type PathOf<Api> = keyof Api & string;

/** What an endpoint is called with. */
export type InputOf<Api, Path extends PathOf<Api>> =
  MessagesOf<Api[Path]> extends { readonly request: infer Request } ? Sent<Request> : any;

/** What an endpoint answers; of one that streams, an item. */
export type AnswerOf<Api, Path extends PathOf<Api>> =
  MessagesOf<Api[Path]> extends { readonly response: infer Response } ? Received<Response> : any;

type Numbers =
  | Float32Array
  | Float64Array
  | Int8Array
  | Int16Array
  | Int32Array
  | Uint16Array
  | Uint32Array
  | Uint8ClampedArray;
type BigNumbers = BigInt64Array | BigUint64Array;
type Bytes = Uint8Array | ArrayBuffer | DataView;

/**
 * What may be sent where a handler gets a `T`: bytes as they are or as base64, a `bigint` for a decimal
 * string, a typed array for a list of numbers.
 */
export type Sent<T> = unknown extends T
  ? T
  : T extends Uint8Array
    ? Uint8Array | string
    : T extends string
      ? string extends T
        ? string | bigint
        : T
      : T extends readonly (infer Item)[]
        ? readonly Sent<Item>[] | TypedArrayOf<Item>
        : T extends Date
          ? Date | string
          : T extends object
            ? { [Key in keyof T]: Sent<T[Key]> }
            : T;

type TypedArrayOf<Item> = [Item] extends [number | 'NaN' | 'Infinity' | '-Infinity']
  ? Numbers
  : string extends Item
    ? BigNumbers
    : never;

/** What JSON can say: a `google.protobuf.Value` as it arrives. */
export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

/** What only the type of any JSON takes, whose own way through {@link Received} would have no end. */
type OfAnyJson = null | boolean | bigint | string | Date;

/**
 * What arrives as JSON where a handler may return a `T`: the canonical form, with bytes as base64, 64-bit
 * numbers as decimal strings, times as text, all lists as arrays.
 */
export type Received<T> = unknown extends T
  ? T
  : OfAnyJson extends T
    ? Json
    : bigint extends T
      ? string | ReceivedOne<Exclude<T, bigint | number | string>>
      : [Extract<T, readonly unknown[]>] extends [never]
        ? ReceivedOne<T>
        : | Received<Extract<T, readonly unknown[]>[number]>[]
          | ReceivedOne<
              Exclude<T, readonly unknown[] | ArrayBufferView | Bytes | ReadonlySet<any>>
            >;

type ReceivedOne<T> = T extends Bytes | Date
  ? string
  : T extends Numbers
    ? number[]
    : T extends BigNumbers
      ? string[]
      : T extends ReadonlyMap<any, infer Value>
        ? Record<string, Received<Value>>
        : T extends ReadonlySet<infer Item>
          ? Received<Item>[]
          : T extends object
            ? { [Key in keyof T]: Received<T[Key]> }
            : T;
