import type { Namespace, Root, Type } from 'protobufjs';
import type { FieldNames } from './model-builder.js';

/** Options of `protobufSchema`. */
export interface ProtobufSchemaOptions {
  /**
   * Folders in which imports are looked for, before the folder of the importing file and that of
   * the schema file. `google/protobuf/*.proto` need none. For files in memory they are parts of the
   * files' paths.
   *
   * @default []
   */
  readonly includeDirs?: readonly string[];
  /**
   * The package that holds the messages, where the file and its imports have several.
   *
   * @example 'acme.language.v1'
   */
  readonly package?: string;
  /**
   * The request's message: its name, or its full name where the short one is ambiguous.
   *
   * @default 'Request'
   */
  readonly request?: string;
  /**
   * The response's message: its name, or its full name where the short one is ambiguous.
   *
   * @default 'Response'
   */
  readonly response?: string;
  /**
   * A method of a service in the file, which gives both messages, in place of `request` and
   * `response`. It takes one message and returns one, or, beside `stream: true`, a stream of them. Where
   * the app has a `GrpcModule`, the endpoint is that method.
   *
   * @example 'Greeter.Greet'
   */
  readonly rpc?: string;
  /**
   * How fields are spelled in what the handler gets and what the client gets: `'json'` is
   * lowerCamelCase or the field's `json_name`, `'proto'` is as in the file. Clients may use either.
   *
   * @default 'json'
   */
  readonly fieldNames?: FieldNames;
}

/**
 * `.proto` files held in memory, as generated code has them: nothing is read from the disk.
 *
 * @example
 * ```ts
 * protobufSchema({
 *   file: 'classify.proto',
 *   files: { 'classify.proto': 'syntax = "proto3"; message Request { string text = 1; } …' },
 * });
 * ```
 */
export interface EmbeddedFiles {
  /** Which of `files` declares the messages. */
  readonly file: string;
  /**
   * The text of that file and of all that it imports, by path with forward slashes. Imports are looked
   * for among the paths as they are in folders on disk; `google/protobuf/*.proto` need not be there.
   */
  readonly files: Readonly<Record<string, string>>;
}

/** Where a schema is declared, and the TypeScript types of its two messages. */
export class SchemaDeclaration<Req = any, Res = any> {
  /** Carries the types only; it has no value. */
  declare readonly messageTypes?: { readonly request: Req; readonly response: Res };

  constructor(
    readonly file: string | URL | EmbeddedFiles,
    readonly options: ProtobufSchemaOptions = {},
  ) {}
}

/** Reflected protobufjs types; a side that is absent is not validated. */
export interface MessageTypes {
  readonly request?: Type;
  readonly response?: Type;
}

/** Whatever describes the two messages of an endpoint. */
export type SchemaSource<Req = any, Res = any> =
  string | URL | Root | Namespace | MessageTypes | SchemaDeclaration<Req, Res>;
