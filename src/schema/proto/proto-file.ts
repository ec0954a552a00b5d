import type { Enum, Field, Service, Type } from 'protobufjs';
import type { Kind } from './scope.js';
import type { SourceError } from './source-error.js';

export interface Import {
  readonly path: string;
  /** Whoever imports this file sees what it imports so. */
  readonly isPublic: boolean;
  /** May be absent. */
  readonly isOptional: boolean;
  /** Where it stands in the file. */
  readonly offset: number;
}

/** The name of a type, as a file has it, and where its full name belongs. */
export interface Reference {
  readonly name: string;
  /** The full name of the message, service or package in which it stands. */
  readonly scope: string;
  /** Whose type it is, for messages: `field acme.Request.limit`. */
  readonly owner: string;
  /** Where it stands in the file. */
  readonly offset: number;
  /** Takes the full name with a leading dot. */
  readonly assign: (absolute: string) => void;
}

/** A parsed file. Its reflected objects stand in no root yet, and their types are not looked up. */
export interface ProtoFile {
  readonly path: string;
  readonly packageName: string;
  readonly imports: readonly Import[];
  /** What it declares, by full name. */
  readonly symbols: ReadonlyMap<string, Kind>;
  readonly declarations: readonly (Type | Enum | Service)[];
  /** Fields of `extend`, with the message that they stand in, if any. */
  readonly extensions: readonly { readonly field: Field; readonly parent?: Type }[];
  readonly references: readonly Reference[];
  errorAt(offset: number, message: string): SourceError;
}
