import type { NamespaceBase, Type } from 'protobufjs';
import type { AnyTypes, ValueModel } from './model.js';
import { isNamespace, isType, nameOf, typesIn } from './reflection.js';

/**
 * The messages an Any may hold: all of its root. protobufjs' own lookup remembers every name it
 * was ever asked for, found or not; these names come from clients, so nothing is remembered here.
 */
export class AnyTypeIndex implements AnyTypes {
  readonly #root: NamespaceBase;
  readonly #build: (type: Type) => ValueModel;

  constructor(root: NamespaceBase, build: (type: Type) => ValueModel) {
    this.#root = root;
    this.#build = build;
  }

  find(name: string): ValueModel | undefined {
    const path = name.replace(/^\.+/, '').split('.');
    const nearest = search(this.#root, path, 0);
    const type = isType(nearest) ? nearest : exact(this.#root, path);
    return type && this.#build(type);
  }

  *all(): Generator<ValueModel> {
    for (const type of typesIn(this.#root)) yield this.#build(type);
  }
}

/** As protobufjs looks names up: where the first segment is not found, every namespace below is tried. */
function search(namespace: NamespaceBase, path: string[], from: number): unknown {
  const found = namespace.get(path[from] ?? '');
  if (found) {
    if (from === path.length - 1) return found;
    return isNamespace(found) ? search(found, path, from + 1) : undefined;
  }
  for (const nested of namespace.nestedArray) {
    const deeper = isNamespace(nested) ? search(nested, path, from) : undefined;
    if (deeper) return deeper;
  }
  return undefined;
}

function exact(root: NamespaceBase, path: string[]) {
  const name = path.join('.');
  for (const type of typesIn(root)) if (nameOf(type) === name) return type;
  return undefined;
}
