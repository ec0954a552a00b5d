import { dirname, relative, sep } from 'node:path';
import { ModelBuilder } from '../schema/model-builder.js';
import type { FieldModel } from '../schema/model.js';
import { fieldsOf } from '../schema/name-index.js';
import { isEnum } from '../schema/reflection.js';
import { isScalarName } from '../schema/scalar.js';
import { aliasDeclaration, enumDeclarations, messageDeclaration } from './declaration.js';
import { declaredIn, type Declared, type DescribedFile } from './described-file.js';
import { docComment } from './doc-comment.js';
import { EmbeddedSources } from './embedded-files.js';
import { braced, call, quoted } from './layout.js';
import { markOf } from './mark.js';
import type { SchemaConstant } from './schema-constants.js';
import { SiblingFiles } from './sibling-files.js';
import { TypeNames } from './type-names.js';
import type { Direction, Scope } from './value-type.js';

const PACKAGE = 'nestjs-model-serving';
const DIRECTIONS: readonly Direction[] = ['Input', 'Output'];

/**
 * TypeScript types of a file's messages, and a schema of each endpoint that it describes.
 *
 * @param includeDirs where imports are looked for first, absolute
 * @param siblings the files that have types of their own; those of others are declared here
 */
export function generateTypes(
  described: DescribedFile,
  includeDirs: readonly string[],
  siblings: ReadonlySet<string>,
): string {
  return new TypesFile(described, includeDirs, siblings).text();
}

class TypesFile implements Scope {
  readonly #described: DescribedFile;
  readonly #siblings: SiblingFiles;
  readonly #sources: EmbeddedSources;
  readonly #models: ModelBuilder;
  readonly #types: TypeNames;
  readonly #helpers = new Set<string>();
  /** What is imported from the types of other files, by file. */
  readonly #imports = new Map<string, Set<string>>();
  readonly #siblingNames = new Map<string, TypeNames>();
  /** Types of files that have none of their own, in the order in which they are met. */
  readonly #foreign = new Set<Declared>();

  constructor(
    described: DescribedFile,
    includeDirs: readonly string[],
    siblings: ReadonlySet<string>,
  ) {
    this.#described = described;
    this.#siblings = new SiblingFiles(described, siblings);
    this.#sources = new EmbeddedSources(described.files, described.texts, includeDirs);
    this.#models = new ModelBuilder('json', described.names);
    this.#types = new TypeNames(described.declared, described.file.packageName);
  }

  text(): string {
    const { file, declared, constants } = this.#described;
    const types = declared.flatMap((type) => this.#declarations(type));
    const schemas = constants.map((constant) => this.#schema(constant));
    // A set can be walked while it grows.
    for (const type of this.#foreign) types.push(...this.#declarations(type));
    const blocks = [
      [`// ${markOf(file.path)}`],
      this.#importLines(constants.length > 0),
      ...types,
      ...(constants.length > 0 ? [this.#sources.constant()] : []),
      ...schemas,
    ];
    if (types.length + schemas.length === 0) blocks.push(['export {};']);
    return `${blocks
      .filter((lines) => lines.length > 0)
      .map((lines) => lines.join('\n'))
      .join('\n\n')}\n`;
  }

  helper(name: string): string {
    this.#helpers.add(name);
    return name;
  }

  declared(type: Declared, direction: Direction): string {
    const name = this.#types.of(type) ?? this.#types.addForeign(type);
    if (type.filename === this.#described.file.path) return name + direction;
    const sibling = this.#siblings.pathOf(type);
    if (sibling === undefined) this.#foreign.add(type);
    else this.#import(type, sibling, name, direction);
    return name + direction;
  }

  #import(type: Declared, filename: string, name: string, direction: Direction): void {
    const there = `${this.#namesOf(filename).of(type)}${direction}`;
    const imported = there === name + direction ? there : `${there} as ${name}${direction}`;
    const known = this.#imports.get(filename);
    if (known) known.add(imported);
    else this.#imports.set(filename, new Set([imported]));
  }

  /** The names that another file's types have in it. */
  #namesOf(filename: string): TypeNames {
    let names = this.#siblingNames.get(filename);
    if (!names) {
      const file = this.#siblings.fileAt(filename);
      names = new TypeNames(declaredIn(file.declarations), file.packageName);
      this.#siblingNames.set(filename, names);
    }
    return names;
  }

  #declarations(type: Declared): string[][] {
    const name = this.#types.of(type) as string;
    if (isEnum(type)) return [enumDeclarations(type, this.#models.enum(type), name)];
    const model = this.#models.message(type);
    return DIRECTIONS.map((direction) => {
      const named = name + direction;
      if (model.kind !== 'message') return aliasDeclaration(type, model, direction, named, this);
      const fields = [...fieldsOf(type), ...this.#described.names.extensionsOf(type)].map(
        (field, i) => ({
          model: model.message.fields[i] as FieldModel,
          field,
          type: isScalarName(field.type) ? undefined : this.#described.names.typeOf(field),
        }),
      );
      return messageDeclaration(type, fields, direction, named, this);
    });
  }

  #schema({ name, request, response, options, method }: SchemaConstant): string[] {
    const types = [this.declared(request, 'Input'), this.declared(response, 'Output')];
    const all = [...options, ...this.#sources.options];
    const head = `export const ${name} = protobufSchema`;
    return [
      ...(method ? docComment(method) : []),
      ...call(head, types, this.#sources.argument, all),
    ];
  }

  #importLines(hasSchemas: boolean): string[] {
    const helpers = [...this.#helpers].sort();
    const lines: string[] = [];
    if (hasSchemas) {
      const names = ['protobufSchema', ...helpers.map((helper) => `type ${helper}`)];
      lines.push(braced('import', names, `from "${PACKAGE}";`));
    } else if (helpers.length > 0) {
      lines.push(braced('import type', helpers, `from "${PACKAGE}";`));
    }
    for (const [filename, names] of [...this.#imports].sort(([a], [b]) => (a < b ? -1 : 1))) {
      const path = relative(dirname(this.#described.file.path), filename).split(sep).join('/');
      const from = quoted(`${path.startsWith('.') ? '' : './'}${path}.js`);
      lines.push(braced('import type', [...names].sort(), `from ${from};`));
    }
    return lines;
  }
}
