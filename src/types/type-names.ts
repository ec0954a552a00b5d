import { isEnum, isType, nameOf } from '../schema/reflection.js';
import type { Declared } from './described-file.js';

/** What the generated code itself uses, and what TypeScript keeps for itself. */
const RESERVED = new Set(
  `any as async await bigint boolean break case catch class const continue debugger declare default delete
  do else enum export extends false finally for function if implements import in infer instanceof
  interface is keyof let module namespace never new null number object package private protected public
  readonly return static string super switch symbol this throw true try type typeof undefined unique
  unknown var void while with yield
  Date Record Uint8Array files protobufSchema
  AnyMessage BytesLike Float Int64Like JsonLike JsonValue ListLike MapLike NumbersLike OneOf`.split(
    /\s+/,
  ),
);

/** Gives each message and enum of a file a name that no other has. */
export class TypeNames {
  readonly #taken = new Set(RESERVED);
  readonly #names = new Map<Declared, string>();

  constructor(declared: Iterable<Declared>, packageName: string) {
    for (const type of declared) this.add(type, packageName);
  }

  /** The name of a type to which `Input` or `Output` is added. */
  of(type: Declared): string | undefined {
    return this.#names.get(type);
  }

  /** `Outer.Inner` is `Outer_Inner`; what then clashes gets underscores. */
  add(type: Declared, packageName: string): string {
    const path = nameOf(type).slice(packageName === '' ? 0 : packageName.length + 1);
    return this.#give(type, path.replaceAll('.', '_'));
  }

  /** A type of another file, which may be of another package. */
  addForeign(type: Declared): string {
    const scopes = nameOf(type).split('.');
    const local = scopes.slice(depthOfPackage(type)).join('_');
    return this.#give(type, this.#isFree(type, local) ? local : scopes.join('_'));
  }

  #give(type: Declared, wanted: string): string {
    let name = wanted;
    while (!this.#isFree(type, name)) name += '_';
    for (const taken of namesMadeOf(type, name)) this.#taken.add(taken);
    this.#names.set(type, name);
    return name;
  }

  #isFree(type: Declared, name: string): boolean {
    return namesMadeOf(type, name).every((made) => !this.#taken.has(made));
  }
}

function namesMadeOf(type: Declared, name: string): string[] {
  const both = [`${name}Input`, `${name}Output`];
  return isEnum(type) ? [name, ...both] : both;
}

function depthOfPackage(type: Declared): number {
  let depth = 0;
  for (let outer = type.parent; outer?.parent; outer = outer.parent) {
    if (!isType(outer)) depth++;
  }
  return depth;
}
