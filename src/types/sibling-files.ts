import type { Type } from 'protobufjs';
import { fieldsOf } from '../schema/name-index.js';
import type { LinkedFile } from '../schema/proto/import-graph.js';
import { isType } from '../schema/reflection.js';
import { isScalarName } from '../schema/scalar.js';
import type { Declared, DescribedFile } from './described-file.js';

/** The imported files that have types of their own. */
export class SiblingFiles {
  readonly #described: DescribedFile;
  readonly #paths: ReadonlySet<string>;
  readonly #extendedElsewhere = new Map<string, ReadonlySet<Type>>();

  constructor(described: DescribedFile, paths: ReadonlySet<string>) {
    this.#described = described;
    this.#paths = paths;
  }

  /**
   * The path of the file whose types have this one as it is here. A message that is extended where its
   * own file does not look, itself or by what it holds, has fields here that it has not there.
   */
  pathOf(type: Declared): string | undefined {
    const { filename } = type;
    if (filename === null || !this.#paths.has(filename)) return undefined;
    return isType(type) && this.#holdsMore(type, filename) ? undefined : filename;
  }

  fileAt(path: string): LinkedFile {
    return this.#described.files.find((file) => file.path === path) as LinkedFile;
  }

  #holdsMore(type: Type, path: string): boolean {
    const extended = this.#extendedFor(path);
    if (extended.size === 0) return false;
    const { names } = this.#described;
    const held = new Set([type]);
    for (const one of held) {
      if (extended.has(one)) return true;
      for (const field of [...fieldsOf(one), ...names.extensionsOf(one)]) {
        const inner = isScalarName(field.type) ? undefined : names.typeOf(field);
        if (isType(inner)) held.add(inner);
      }
    }
    return false;
  }

  /** The messages with extensions of which a file does not know. */
  #extendedFor(path: string): ReadonlySet<Type> {
    let extended = this.#extendedElsewhere.get(path);
    if (!extended) {
      const known = new Set([this.fileAt(path)]);
      for (const { imported } of known) for (const { file } of imported) known.add(file);
      const paths = new Set([...known].map((file) => file.path));
      const { names } = this.#described;
      extended = new Set(
        [...names.types()].filter((type) =>
          names.extensionsOf(type).some(({ filename }) => !paths.has(filename as string)),
        ),
      );
      this.#extendedElsewhere.set(path, extended);
    }
    return extended;
  }
}
