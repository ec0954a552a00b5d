import { dirname, relative, sep } from 'node:path';
import { isBundled } from '../schema/proto/bundled.js';
import type { LinkedFile } from '../schema/proto/import-graph.js';
import { inMemory, loadFiles } from '../schema/proto/source-files.js';
import { propertyKey, quoted, template } from './layout.js';

/** A file and what it imports, as generated code holds them. */
export class EmbeddedSources {
  readonly #texts: Record<string, string> = {};
  readonly #entry: string;
  readonly #includeDirs: readonly string[];

  /**
   * @param files the first of which is the one that is generated from
   * @param textOf the text of each by its path
   */
  constructor(
    files: readonly LinkedFile[],
    textOf: ReadonlyMap<string, string>,
    includeDirs: readonly string[],
  ) {
    const [{ path: entry }] = files as [LinkedFile];
    const folder = dirname(entry);
    const place = (path: string): string => relative(folder, path).split(sep).join('/');
    const places = new Set<string>();
    for (const { path } of files) {
      places.add(isBundled(path) ? path : place(path));
      const text = textOf.get(path);
      if (text !== undefined) this.#texts[place(path)] = text;
    }
    this.#entry = place(entry);
    this.#includeDirs = this.#leadsTo(places) ? [] : includeDirs.map((dir) => place(dir) || '.');
  }

  /** The constant that all schemas of a file share. */
  constant(): string[] {
    const members = Object.entries(this.#texts).map(
      ([path, text]) => `  ${propertyKey(path)}: ${template(text)},`,
    );
    return ['const files = {', ...members.flatMap((member) => member.split('\n')), '};'];
  }

  /** The members of `protobufSchema`'s argument for it. */
  get argument(): string[] {
    return [`file: ${quoted(this.#entry)}`, 'files'];
  }

  get options(): string[] {
    if (this.#includeDirs.length === 0) return [];
    return [`includeDirs: [${this.#includeDirs.map(quoted).join(', ')}]`];
  }

  /** Whether the same files are found without further folders. */
  #leadsTo(places: ReadonlySet<string>): boolean {
    try {
      const found = loadFiles(this.#entry, [], inMemory(this.#texts));
      return found.length === places.size && found.every(({ path }) => places.has(path));
    } catch {
      return false;
    }
  }
}
