import type { ScalarName } from './scalar.js';

/*
 * A schema as this package needs it: resolved, with one canonical spelling of every name, free of
 * protobufjs. Readers, predicates and the fingerprint are made from it.
 */

export interface SchemaModel {
  readonly request?: ValueModel;
  readonly response?: ValueModel;
}

export type ValueModel =
  | { readonly kind: 'scalar'; readonly type: ScalarName }
  | { readonly kind: 'enum'; readonly enum: EnumModel }
  | { readonly kind: 'message'; readonly message: MessageModel }
  /** google.protobuf.Int32Value and the like: in JSON the bare scalar, one level deep. */
  | { readonly kind: 'wrapper'; readonly value: ValueModel }
  | { readonly kind: 'any'; readonly types: AnyTypes }
  | { readonly kind: 'timestamp' | 'duration' | 'fieldMask' | 'value' | 'struct' | 'list' };

/** A type url's message, found by the name after its last slash. */
export interface AnyTypes {
  find(name: string): ValueModel | undefined;
  /** Every message an Any may hold, by its full name. */
  all(): Iterable<readonly [name: string, model: ValueModel]>;
}

/** What a file says of a declaration to its readers; it changes no value. */
export interface Documentation {
  readonly comment?: string;
  readonly deprecated?: boolean;
}

export interface EnumModel {
  readonly name: string;
  readonly documentation?: Documentation;
  /** Of those values of which something is said, by name. */
  readonly valueDocumentation: ReadonlyMap<string, Documentation>;
  /** google.protobuf.NullValue, whose only value is null in JSON. */
  readonly isNull: boolean;
  /** An open enum keeps numbers it does not know. */
  readonly closed: boolean;
  readonly numbers: ReadonlyMap<string, number>;
  /** The canonical spelling of each number; null for NullValue. */
  readonly spellings: ReadonlyMap<number, string | null>;
}

export interface MessageModel {
  readonly name: string;
  readonly documentation?: Documentation;
  readonly fields: readonly FieldModel[];
}

export interface FieldModel {
  readonly id: number;
  readonly documentation?: Documentation;
  /** The canonical spelling. */
  readonly key: string;
  /** All spellings a client may use. */
  readonly spellings: readonly string[];
  readonly rule: 'single' | 'repeated' | 'map';
  readonly mapKey?: ScalarName;
  readonly value: ValueModel;
  readonly oneof?: string;
  readonly required: boolean;
  /** In binary: numbers of a repeated field are written one after the other under one tag. */
  readonly packed: boolean;
  /** In binary: a message is written between two tags, as a group, without its length. */
  readonly delimited: boolean;
  /** In binary: the default value is not written, as it means the same as no value. */
  readonly implicit: boolean;
}
