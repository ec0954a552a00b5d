import type { ProtoFile } from './proto-file.js';
import type { Kind } from './scope.js';

/** A file with the files that it imports. */
export interface LinkedFile extends ProtoFile {
  readonly imported: readonly { readonly file: LinkedFile; readonly isPublic: boolean }[];
}

/**
 * What each file sees of the others: what it declares itself, and what the files declare that it
 * imports, and those that these import publicly.
 */
export class ImportGraph {
  /** The files that declare a name. */
  readonly #types = new Map<string, { readonly file: ProtoFile; readonly kind: Kind }>();
  readonly #packages = new Map<string, Set<ProtoFile>>();
  readonly #visible = new Map<ProtoFile, ReadonlySet<ProtoFile>>();

  constructor(files: Iterable<ProtoFile>) {
    for (const file of files) {
      for (const [name, kind] of file.symbols) this.#types.set(name, { file, kind });
      for (let name = file.packageName; name !== ''; name = outerOf(name)) {
        const members = this.#packages.get(name);
        if (members) members.add(file);
        else this.#packages.set(name, new Set([file]));
      }
    }
  }

  /** What bears a full name, as far as `from` sees. */
  kindOf(fullName: string, from: LinkedFile): Kind | undefined {
    const symbol = this.#types.get(fullName);
    if (symbol) return this.#sees(from, symbol.file) ? symbol.kind : undefined;
    const members = this.#packages.get(fullName);
    if (!members) return undefined;
    // Most often one of the nearest, which spares the whole walk.
    const isSeen =
      members.has(from) ||
      from.imported.some(({ file }) => members.has(file)) ||
      [...this.#seenBy(from)].some((file) => members.has(file));
    return isSeen ? 'namespace' : undefined;
  }

  /** The file that declares a type, seen or not. */
  fileOf(fullName: string): ProtoFile | undefined {
    return this.#types.get(fullName)?.file;
  }

  #sees(from: LinkedFile, file: ProtoFile): boolean {
    if (from === file || from.imported.some((imported) => imported.file === file)) return true;
    return this.#seenBy(from).has(file);
  }

  #seenBy(from: LinkedFile): ReadonlySet<ProtoFile> {
    const known = this.#visible.get(from);
    if (known) return known;
    const seen = new Set<LinkedFile>(from.imported.map(({ file }) => file));
    // A set can be walked while it grows.
    for (const { imported } of seen) {
      for (const { file, isPublic } of imported) if (isPublic) seen.add(file);
    }
    this.#visible.set(from, seen);
    return seen;
  }
}

function outerOf(name: string): string {
  return name.slice(0, Math.max(name.lastIndexOf('.'), 0));
}
