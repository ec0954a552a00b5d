import type { Enum, Field, NamespaceBase, ReflectionObject, Type } from 'protobufjs';
import { errorAt } from './proto/place.js';
import { notFound, resolveName, type Kind } from './proto/scope.js';
import { isEnum, isExtension, isNamespace, isService, isType, nameOf } from './reflection.js';
import { isScalarName } from './scalar.js';

/**
 * The messages and enums of a root by their full names, and what the names of types in it stand
 * for. protobufjs' own look-up searches below each scope and falls back to the top level, neither
 * of which protobuf does: it finds a type of another message or package where the right one is
 * further out.
 */
export class NameIndex {
  readonly #objects = new Map<string, Type | Enum | NamespaceBase>();
  readonly #extensions: Field[] = [];
  #extensionsByType: Map<Type, Field[]> | undefined;

  constructor(readonly root: NamespaceBase) {
    const pending: ReflectionObject[] = [root];
    for (let object = pending.pop(); object; object = pending.pop()) {
      if (isNamespace(object) || isEnum(object)) this.#objects.set(nameOf(object), object);
      else if (isExtension(object)) this.#extensions.push(object);
      if (!isNamespace(object)) continue;
      for (const nested of object.nestedArray.toReversed()) pending.push(nested);
    }
  }

  /**
   * Refuses what protobuf cannot resolve, and lets protobufjs resolve the rest: without its
   * features a field is not known to be required, or an enum to be closed.
   */
  resolve(): this {
    const declared = [...this.types()].flatMap(fieldsOf).concat(this.#extensions);
    for (const field of declared) if (!isScalarName(field.type)) this.typeOf(field);
    for (const extension of this.#extensions) this.#extendeeOf(extension);
    this.#refuseMethodsOfEnums();
    this.root.resolveAll();
    return this;
  }

  find(fullName: string): Type | Enum | NamespaceBase | undefined {
    return this.#objects.get(fullName);
  }

  /** All messages, in the order of the files. */
  *types(): Generator<Type> {
    for (const object of this.#objects.values()) if (isType(object)) yield object;
  }

  /** All namespaces: packages, messages, services. */
  *namespaces(): Generator<NamespaceBase> {
    for (const object of this.#objects.values()) if (isNamespace(object)) yield object;
  }

  /** The message or enum of a field that is no scalar. */
  typeOf(field: Field): Type | Enum {
    return this.resolveIn(field.parent, field.type, `field ${nameOf(field)}`);
  }

  /** The extensions of a message, where they are declared. */
  extensionsOf(type: Type): readonly Field[] {
    if (this.#extensionsByType === undefined) {
      this.#extensionsByType = new Map();
      for (const extension of this.#extensions) {
        const extendee = this.#extendeeOf(extension);
        const known = this.#extensionsByType.get(extendee);
        if (known) known.push(extension);
        else this.#extensionsByType.set(extendee, [extension]);
      }
    }
    return this.#extensionsByType.get(type) ?? [];
  }

  /** The message or enum that `name` stands for in `parent`. */
  resolveIn(parent: ReflectionObject | null, name: string, owner: string): Type | Enum {
    const scope = parent ? nameOf(parent) : '';
    const resolution = resolveName(name, scope, (fullName) => this.#kindOf(fullName));
    if (resolution.fullName !== undefined) {
      return this.#objects.get(resolution.fullName) as Type | Enum;
    }
    const file = parent?.filename ? `${parent.filename}: ` : '';
    throw new Error(`${file}${owner} has the unknown type ${name}: ${notFound(resolution)}`);
  }

  #extendeeOf(field: Field): Type {
    const owner = `the message that ${nameOf(field)} extends`;
    const extendee = this.resolveIn(field.parent, field.extend as string, owner);
    if (isType(extendee)) return extendee;
    throw errorAt(field, `${nameOf(field)} extends ${nameOf(extendee)}, which is no message`);
  }

  #refuseMethodsOfEnums(): void {
    for (const namespace of this.namespaces()) {
      for (const method of isService(namespace) ? namespace.methodsArray : []) {
        for (const side of ['request', 'response'] as const) {
          const name = method[`${side}Type`];
          // As the linker has them; others are for protobufjs to find.
          const type = name.startsWith('.') ? this.#objects.get(name.slice(1)) : undefined;
          if (!isEnum(type)) continue;
          throw errorAt(method, `the ${side} of rpc ${nameOf(method)} is the enum ${nameOf(type)}`);
        }
      }
    }
  }

  #kindOf(fullName: string): Kind | undefined {
    const object = this.#objects.get(fullName);
    if (object === undefined) return undefined;
    return isType(object) || isEnum(object) ? 'type' : 'namespace';
  }
}

/** The fields that a message declares itself: protobufjs shows its extensions among them. */
export function fieldsOf(type: Type): Field[] {
  return type.fieldsArray.filter(({ declaringField }) => !declaringField);
}
