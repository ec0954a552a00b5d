import type { Type } from 'protobufjs';
import type { AnyTypes, ValueModel } from './model.js';
import type { NameIndex } from './name-index.js';
import { isType, nameOf } from './reflection.js';

/** The messages an Any may hold: all of its root, each by its full name. */
export class AnyTypeIndex implements AnyTypes {
  readonly #names: NameIndex;
  readonly #build: (type: Type) => ValueModel;
  /** Those that were asked for, so that each is looked up and built once. */
  readonly #found = new Map<string, ValueModel>();

  constructor(names: NameIndex, build: (type: Type) => ValueModel) {
    this.#names = names;
    this.#build = build;
  }

  find(name: string): ValueModel | undefined {
    const fullName = name.startsWith('.') ? name.replace(/^\.+/, '') : name;
    const known = this.#found.get(fullName);
    if (known !== undefined) return known;
    const type = this.#names.find(fullName);
    if (!isType(type)) return undefined;
    const model = this.#build(type);
    this.#found.set(fullName, model);
    return model;
  }

  *all(): Generator<[name: string, model: ValueModel]> {
    for (const type of this.#names.types()) yield [nameOf(type), this.#build(type)];
  }
}
