/*
 * What generated types are made of. `…Like` is what a handler may return in place of the canonical
 * form; a type without it is what it gets.
 */

/** A `float` or `double`: what is not finite is a string. */
export type Float = number | 'NaN' | 'Infinity' | '-Infinity';

/** A 64-bit integer in an answer. As a number it is safe up to 2^53 only. */
export type Int64Like = string | number | bigint;

/** `bytes` in an answer: as they are, or in base64. */
export type BytesLike = Uint8Array | ArrayBuffer | DataView | string;

/** A repeated field in an answer. */
export type ListLike<T> = readonly T[] | ReadonlySet<T>;

/** A repeated field of numbers in an answer: a model's tensor as well. */
export type NumbersLike<T> = ListLike<T> | TypedArray;

/** Any typed array. */
export type TypedArray =
  | Int8Array
  | Uint8Array
  | Uint8ClampedArray
  | Int16Array
  | Uint16Array
  | Int32Array
  | Uint32Array
  | Float32Array
  | Float64Array
  | BigInt64Array
  | BigUint64Array;

/** A map in an answer. */
export type MapLike<T> =
  | { readonly [key: string]: T | undefined }
  | ReadonlyMap<string | number | bigint | boolean, T | undefined>;

/** What JSON can say: `google.protobuf.Value`. */
export type JsonValue =
  null | boolean | number | string | JsonValue[] | { [key: string]: JsonValue };

/** `google.protobuf.Value` in an answer. */
export type JsonLike =
  | null
  | boolean
  | number
  | bigint
  | string
  | Date
  | ArrayBuffer
  | DataView
  | TypedArray
  | readonly (JsonLike | undefined)[]
  | ReadonlySet<JsonLike | undefined>
  | { readonly [key: string]: JsonLike | undefined }
  | ReadonlyMap<string | number | bigint | boolean, JsonLike | undefined>;

/** `google.protobuf.Any`: the fields of the message whose name `@type` ends with, or its `value`. */
export type AnyMessage = { '@type': string; [field: string]: unknown } | Record<string, never>;

/**
 * At most one of the fields of a `oneof`.
 *
 * @example
 * ```ts
 * type Source = OneOf<{ url: string; image: Uint8Array }>;
 * const source: Source = { url: 'https://example.org/cat.png' };
 * ```
 */
export type OneOf<Cases> =
  | { [Name in keyof Cases]?: undefined }
  | {
      [Name in keyof Cases]: { [Key in Name]: Cases[Key] } & {
        [Other in Exclude<keyof Cases, Name>]?: undefined;
      };
    }[keyof Cases];
