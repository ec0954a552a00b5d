import type { Enum, Field, Type } from 'protobufjs';
import type { EnumModel, FieldModel, ValueModel } from '../schema/model.js';
import { docComment, enumComment } from './doc-comment.js';
import { indented, propertyKey, quoted, typed } from './layout.js';
import { fieldType, valueType, type Direction, type Scope } from './value-type.js';

/** TypeScript gives up on a union of very many, which the oneofs of a message multiply to. */
const MOST_CASES = 1_000;

/** A field with what was reflected of it. */
export interface DeclaredField {
  readonly model: FieldModel;
  readonly field: Field;
  /** Of a field of messages or enums. */
  readonly type: Type | Enum | undefined;
}

/** One of the two types of a message. */
export function messageDeclaration(
  type: Type,
  fields: readonly DeclaredField[],
  direction: Direction,
  name: string,
  scope: Scope,
): string[] {
  const comment = docComment(type);
  const head = `export type ${name} =`;
  if (fields.length === 0) return [...comment, ...typed(head, ['Record<string, never>'], '')];
  const oneofs = oneofsOf(fields);
  const chosen = new Set([...oneofs.values()].flat());
  const plain = fields.filter((field) => !chosen.has(field));
  const members = (of: readonly DeclaredField[], isCase: boolean, indent: string) =>
    of.flatMap((field) => member(field, direction, isCase, indent, scope));
  const ownMembers = members(plain, false, '  ');
  if (oneofs.size === 0) return [...comment, `export interface ${name} {`, ...ownMembers, '}'];

  const lines = plain.length === 0 ? [head] : [`${head} {`, ...ownMembers, '}'];
  const open = `${scope.helper('OneOf')}<{`;
  [...oneofs.values()].forEach((cases, i) => {
    // Prettier indents what follows another of its kind.
    const indent = i === 0 ? '' : '  ';
    if (i === 0) lines.push(`${lines.pop()} ${plain.length === 0 ? '' : '& '}${open}`);
    else lines.push(`${lines.pop()} &`, `${indent}${open}`);
    lines.push(...members(cases, true, `${indent}  `), `${indent}}>`);
  });
  return [...comment, ...lines.slice(0, -1), `${lines.at(-1)};`];
}

function member(
  { model, field, type }: DeclaredField,
  direction: Direction,
  isCase: boolean,
  indent: string,
  scope: Scope,
): string[] {
  const parts = fieldType(model, type, direction, scope);
  if (!isCase && direction === 'Output') parts.push('undefined');
  const head = `${propertyKey(model.key)}${isCase ? '' : '?'}:`;
  return [...indented(docComment(field), indent), ...typed(head, parts, indent)];
}

/** The fields of each oneof of which TypeScript can say that one may be there. */
function oneofsOf(fields: readonly DeclaredField[]): Map<string, DeclaredField[]> {
  const oneofs = new Map<string, DeclaredField[]>();
  for (const field of fields) {
    const { oneof } = field.model;
    if (oneof === undefined) continue;
    const cases = oneofs.get(oneof);
    if (cases) cases.push(field);
    else oneofs.set(oneof, [field]);
  }
  let combinations = 1;
  for (const [name, { length }] of oneofs) {
    if (length === 1 || combinations * (length + 1) > MOST_CASES) oneofs.delete(name);
    else combinations *= length + 1;
  }
  return oneofs;
}

/** The names of an enum, as the canonical form has them, and its two types. */
export function enumDeclarations(type: Enum, model: EnumModel, name: string): string[] {
  const names = [...new Set(model.spellings.values())].map((spelling) =>
    spelling === null ? 'null' : quoted(spelling),
  );
  const canonical = new Set<string | null>(model.spellings.values());
  const aliases = [...model.numbers.keys()].filter((alias) => !canonical.has(alias));
  const numbers = model.closed ? [...model.spellings.keys()].map(String) : ['number'];
  return [
    ...enumComment(type),
    ...typed(`export type ${name} =`, names.length > 0 ? names : ['never'], ''),
    ...typed(`export type ${name}Input =`, model.closed ? [name] : [name, 'number'], ''),
    ...typed(`export type ${name}Output =`, [name, ...aliases.map(quoted), ...numbers], ''),
  ];
}

/** A well-known type in the file that declares it. */
export function aliasDeclaration(
  type: Type,
  model: ValueModel,
  direction: Direction,
  name: string,
  scope: Scope,
): string[] {
  const parts = valueType(model, undefined, direction, scope);
  return [...docComment(type), ...typed(`export type ${name} =`, parts, '')];
}
