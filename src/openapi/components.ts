import type { JsonSchema } from '../schema/index.js';

/**
 * The schemas of a document by name. Messages of several files may have one name: whoever comes later
 * with another content gets the endpoint's name before it.
 */
export class Components {
  readonly #schemas: Record<string, JsonSchema>;
  /** What each name was taken for, as it was before its references were brought here. */
  readonly #taken = new Map<string, string>();

  /** @param schemas those of the document, which are filled up */
  constructor(schemas: Record<string, JsonSchema>) {
    this.#schemas = schemas;
  }

  /**
   * @param definitions schemas that refer to one another by `#/$defs/` or `#/definitions/`, by the names
   * that they are to have
   * @param owner whose they are
   * @returns brings a schema's references to them here
   */
  add(
    definitions: ReadonlyMap<string, JsonSchema>,
    owner: string,
  ): (schema: JsonSchema) => JsonSchema {
    const texts = new Map(
      Array.from(definitions, ([name, schema]) => [name, JSON.stringify(schema)]),
    );
    const clashing = this.#clashing(texts);
    const names = new Map<string, string>();
    for (const name of definitions.keys()) {
      names.set(name, clashing.has(name) ? this.#freeName(`${owner}.${name}`) : name);
    }
    const bring = (schema: JsonSchema) => withReferences(schema, names) as JsonSchema;
    for (const [name, schema] of definitions) {
      const final = names.get(name)!;
      if (this.#taken.has(final)) continue;
      this.#taken.set(final, texts.get(name)!);
      this.#schemas[final] = bring(schema);
    }
    return bring;
  }

  /** Names that stand for something else already, or for what refers to such. */
  #clashing(texts: ReadonlyMap<string, string>): ReadonlySet<string> {
    const isTaken = (name: string) => Object.hasOwn(this.#schemas, name);
    const clashing = new Set(
      [...texts.keys()].filter(
        (name) => isTaken(name) && this.#taken.get(name) !== texts.get(name),
      ),
    );
    for (let size = -1; size !== clashing.size;) {
      size = clashing.size;
      for (const [name, text] of texts) {
        const refersToClashing = [...clashing].some((other) => text.includes(`/${other}"`));
        if (isTaken(name) && refersToClashing) clashing.add(name);
      }
    }
    return clashing;
  }

  #freeName(wish: string): string {
    const valid = wish.replaceAll(/[^a-zA-Z0-9._-]/g, '_');
    let name = valid;
    for (let count = 2; Object.hasOwn(this.#schemas, name); count++) name = `${valid}-${count}`;
    return name;
  }
}

/** How a schema of its own refers to what stands in it. */
const LOCAL = /^#\/(?:\$defs|definitions)\//;

function withReferences(value: unknown, names: ReadonlyMap<string, string>): unknown {
  if (Array.isArray(value)) return value.map((item) => withReferences(item, names));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => {
      if (key !== '$ref' || typeof inner !== 'string') return [key, withReferences(inner, names)];
      const name = inner.replace(LOCAL, '');
      return [key, `#/components/schemas/${names.get(name) ?? name}`];
    }),
  );
}
