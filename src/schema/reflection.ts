import type { Enum, Field, NamespaceBase, Service, Type } from 'protobufjs';

/*
 * protobufjs objects are known by their shape: an application may hold another copy of protobufjs
 * than this package, and `instanceof` would not know its objects.
 */

export function isType(value: unknown): value is Type {
  return isNamespace(value) && Array.isArray((value as { fieldsArray?: unknown }).fieldsArray);
}

export function isEnum(value: unknown): value is Enum {
  return typeof value === 'object' && value !== null && 'valuesById' in value && 'values' in value;
}

export function isService(value: unknown): value is Service {
  return isNamespace(value) && Array.isArray((value as { methodsArray?: unknown }).methodsArray);
}

export function isNamespace(value: unknown): value is NamespaceBase {
  return (
    typeof value === 'object' &&
    value !== null &&
    Array.isArray((value as { nestedArray?: unknown }).nestedArray) &&
    typeof (value as { lookup?: unknown }).lookup === 'function'
  );
}

/** A field that extends a message from outside it. */
export function isExtension(object: object): object is Field {
  return (object as { extend?: unknown }).extend !== undefined;
}

/** A class made by `pbjs -t static-module`: it encodes and decodes, but knows nothing of its fields. */
export function isStaticClass(value: unknown): boolean {
  if (typeof value !== 'function') return false;
  const { encode, decode } = value as { encode?: unknown; decode?: unknown };
  return typeof encode === 'function' && typeof decode === 'function';
}

/** A full name without protobufjs' leading dot. */
export function nameOf(object: { readonly fullName: string }): string {
  return object.fullName.replace(/^\./, '');
}

/** A map field: protobufjs has `keyType` on it only. */
export function keyTypeOf(field: Field): string | undefined {
  return field.map ? (field as Field & { keyType: string }).keyType : undefined;
}

/** The editions' features of a resolved field or enum, which protobufjs does not declare. */
export function featuresOf(object: Field | Enum): Readonly<Record<string, unknown>> {
  return (object as unknown as { _features?: Record<string, unknown> })._features ?? {};
}

/** Whether protobufjs' parser has read `field` and its message as a `group`: both stand together. */
export function isGroupOf(field: Field, type: Type | Enum): type is Type {
  const { group = false } = type as { group?: boolean };
  const { name, parent } = type;
  return group && field.parent === parent && field.name === name[0]?.toLowerCase() + name.slice(1);
}

/** An extension's name in JSON is its full name in brackets. Undefined for an ordinary field. */
export function extensionName(field: Field, protoName?: string): string | undefined {
  const declaring = field.declaringField ?? field;
  if (declaring.extend === undefined && !declaring.name.startsWith('.')) return undefined;
  const last = protoName ?? declaring.protoName ?? declaring.name.replace(/^.*\./, '');
  return `[${nameOf(declaring).replace(/[^.]+$/, last)}]`;
}

/** protoc's ToJsonName: an underscore is dropped and the character after it put in upper case. */
export function deriveJsonName(name: string): string {
  return name.replace(/_+([^_]?)/g, (_, next: string) => next.toUpperCase());
}
