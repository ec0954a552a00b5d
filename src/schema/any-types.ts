import type { Type } from 'protobufjs';
import type { AnyTypes, ValueModel } from './model.js';
import type { NameIndex } from './name-index.js';
import { isType } from './reflection.js';

/** The messages an Any may hold: all of its root, each by its full name. */
export class AnyTypeIndex implements AnyTypes {
  readonly #names: NameIndex;
  readonly #build: (type: Type) => ValueModel;

  constructor(names: NameIndex, build: (type: Type) => ValueModel) {
    this.#names = names;
    this.#build = build;
  }

  find(name: string): ValueModel | undefined {
    const type = this.#names.find(name.replace(/^\.+/, ''));
    return isType(type) ? this.#build(type) : undefined;
  }

  *all(): Generator<ValueModel> {
    for (const type of this.#names.types()) yield this.#build(type);
  }
}
