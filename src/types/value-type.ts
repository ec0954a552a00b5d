import type { Enum, Type } from 'protobufjs';
import { INTEGERS, type IntegerName } from '../schema/integer.js';
import type { FieldModel, ValueModel } from '../schema/model.js';
import type { ScalarName } from '../schema/scalar.js';

/** What a handler gets, and what it may return. */
export type Direction = 'Input' | 'Output';

/** The names that a file of types refers to. */
export interface Scope {
  /** One of the types of schema/message-types.ts. */
  helper(name: string): string;
  /** A message or enum. */
  declared(type: Type | Enum, direction: Direction): string;
}

/** The parts of the union that a field's type is. */
export function fieldType(
  field: FieldModel,
  type: Type | Enum | undefined,
  direction: Direction,
  scope: Scope,
): string[] {
  const parts = valueType(field.value, type, direction, scope);
  if (field.rule === 'single') return parts;
  const one = parts.join(' | ');
  if (field.rule === 'map') {
    return [
      direction === 'Input' ? `Record<string, ${one}>` : `${scope.helper('MapLike')}<${one}>`,
    ];
  }
  if (direction === 'Input') return [parts.length === 1 ? `${one}[]` : `(${one})[]`];
  const list = isNumeric(field.value) ? 'NumbersLike' : 'ListLike';
  const lists = [`${scope.helper(list)}<${one}>`];
  return isBool(field.value) ? [...lists, 'Uint8Array'] : lists;
}

export function valueType(
  model: ValueModel,
  type: Type | Enum | undefined,
  direction: Direction,
  scope: Scope,
): string[] {
  const isInput = direction === 'Input';
  switch (model.kind) {
    case 'scalar':
      return scalarType(model.type, isInput, scope);
    case 'wrapper':
      return valueType(model.value, undefined, direction, scope);
    case 'enum':
      // Open enums keep numbers that they do not know.
      if (model.enum.isNull) return model.enum.closed ? ['null'] : ['null', 'number'];
      return [scope.declared(type as Enum, direction)];
    case 'message':
      if (model.message.name === 'google.protobuf.Empty') return ['Record<string, never>'];
      return [scope.declared(type as Type, direction)];
    case 'timestamp':
      return isInput ? ['string'] : ['string', 'Date'];
    case 'duration':
    case 'fieldMask':
      return ['string'];
    case 'any':
      return [scope.helper('AnyMessage')];
    case 'value':
      return [scope.helper(isInput ? 'JsonValue' : 'JsonLike')];
    case 'struct': {
      const value = scope.helper(isInput ? 'JsonValue' : 'JsonLike');
      return [isInput ? `Record<string, ${value}>` : `${scope.helper('MapLike')}<${value}>`];
    }
    case 'list':
      if (isInput) return [`${scope.helper('JsonValue')}[]`];
      return [`${scope.helper('NumbersLike')}<${scope.helper('JsonLike')}>`];
  }
}

function scalarType(name: ScalarName, isInput: boolean, scope: Scope): string[] {
  switch (name) {
    case 'double':
    case 'float':
      return [scope.helper('Float')];
    case 'bool':
      return ['boolean'];
    case 'string':
      return ['string'];
    case 'bytes':
      return [isInput ? 'Uint8Array' : scope.helper('BytesLike')];
    default:
      if (!isLong(name)) return ['number'];
      return [isInput ? 'string' : scope.helper('Int64Like')];
  }
}

function isLong(name: IntegerName): boolean {
  return INTEGERS[name].long;
}

function isNumeric(model: ValueModel): boolean {
  if (model.kind === 'wrapper') return isNumeric(model.value);
  return model.kind === 'scalar' && !['bool', 'string', 'bytes'].includes(model.type);
}

function isBool(model: ValueModel): boolean {
  if (model.kind === 'wrapper') return isBool(model.value);
  return model.kind === 'scalar' && model.type === 'bool';
}
