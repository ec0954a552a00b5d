import protobuf from 'protobufjs';
import type { Enum, Field, ReflectionObject, Service, Type } from 'protobufjs';
import { isScalarName } from '../scalar.js';
import { readInlineOptions, readOption, type OptionLeaf } from './option.js';
import { setPlace } from './place.js';
import type { Reference } from './proto-file.js';
import type { Kind } from './scope.js';
import type { Tokens } from './tokens.js';

const MAX_ENUM_NUMBER = 2_147_483_647;

/** protobufjs' own parser sets these beside its public properties. */
export interface Internals {
  _edition?: string;
  jsonName?: string;
  group?: boolean;
}

interface EnumValue {
  /** Where it stands. */
  readonly offset: number;
  readonly name: string;
  readonly number: number;
  readonly leaves: readonly OptionLeaf[];
  readonly comment: string | undefined;
}

/** What every declaration needs: its place in the file, its options and ranges; enums. */
export abstract class DeclarationParser {
  protected readonly symbols = new Map<string, Kind>();
  protected readonly declarations: (Type | Enum | Service)[] = [];
  protected readonly references: Reference[] = [];
  protected edition = 'proto2';

  constructor(protected readonly tokens: Tokens) {}

  protected declare(object: Type | Enum | Service, scope: string, kind: Kind): string {
    const fullName = join(scope, object.name);
    this.symbols.set(fullName, kind);
    object.filename = this.tokens.file;
    setPlace(object, this.tokens.placeAt(this.tokens.beginning));
    return fullName;
  }

  protected refer(field: Field, scope: string, offset: number): void {
    field.filename = this.tokens.file;
    setPlace(field, this.tokens.placeAt(offset));
    if (isScalarName(field.type)) return;
    this.references.push({
      name: field.type,
      scope,
      owner: `field ${join(scope, field.name)}`,
      offset,
      assign: (absolute) => void (field.type = absolute),
    });
  }

  protected option(): OptionLeaf[] {
    this.tokens.expect('option');
    const leaves = readOption(this.tokens);
    this.tokens.expect(';');
    return leaves;
  }

  protected visibility(): 'export' | 'local' | undefined {
    const { text, following } = this.tokens;
    const isVisibility =
      !['proto2', 'proto3', '2023'].includes(this.edition) &&
      (text === 'export' || text === 'local') &&
      (following === 'message' || following === 'enum');
    if (!isVisibility) return undefined;
    this.tokens.take();
    return text;
  }

  protected enumeration(scope: string): Enum {
    const tokens = this.tokens;
    tokens.expect('enum');
    const type = new protobuf.Enum(tokens.name());
    this.declare(type, scope, 'type');
    const values: EnumValue[] = [];
    tokens.expect('{');
    type.comment = tokens.comment();
    while (!tokens.skip('}')) {
      if (tokens.skip(';')) continue;
      if (tokens.text === 'option' && tokens.following !== '=') {
        setOptions(type, this.option());
      } else if (tokens.text === 'reserved' && tokens.following !== '=') {
        (type.reserved ??= []).push(...this.reserved(MAX_ENUM_NUMBER));
      } else {
        tokens.begin();
        const { offset } = tokens;
        const name = tokens.name();
        tokens.expect('=');
        const number = tokens.integer('id');
        const leaves = readInlineOptions(tokens);
        tokens.expect(';');
        values.push({ offset, name, number, leaves, comment: tokens.comment() ?? undefined });
      }
    }
    // Whether numbers may be given twice is an option, which may follow them.
    for (const value of values) this.#addValue(type, value);
    return type;
  }

  #addValue(type: Enum, { offset, name, number, leaves, comment }: EnumValue): void {
    try {
      type.add(name, number, comment, leaves.length > 0 ? Object.fromEntries(leaves) : undefined);
    } catch (error) {
      throw this.tokens.errorAt(offset, (error as Error).message);
    }
  }

  protected reserved(max: number): (number[] | string)[] {
    const tokens = this.tokens;
    tokens.expect('reserved');
    const reserved: (number[] | string)[] = [];
    do {
      if (tokens.isString) reserved.push(tokens.string('name'));
      else reserved.push(tokens.isName ? tokens.take() : this.range(max));
    } while (tokens.skip(','));
    tokens.expect(';');
    return reserved;
  }

  protected range(max: number): number[] {
    const tokens = this.tokens;
    const from = tokens.integer('id');
    if (!tokens.skip('to')) return [from, from];
    return [from, tokens.skip('max') ? max : tokens.integer('id')];
  }
}

/** Features of other languages' generators (`features.(pb.go)`) mean nothing here. */
export function setOptions(
  object: ReflectionObject,
  leaves: readonly OptionLeaf[],
  ifNotSet = false,
): void {
  for (const [name, value] of leaves) {
    if (!name.startsWith('features.(')) object.setOption(name, value, ifNotSet);
  }
}

export function join(scope: string, name: string): string {
  return scope === '' ? name : `${scope}.${name}`;
}
