import protobuf from 'protobufjs';
import type { Enum, Field, FieldBase, OneOf, ReflectionObject, Service, Type } from 'protobufjs';
import { isScalarName } from '../scalar.js';
import { readInlineOptions, readOption, type OptionLeaf } from './option.js';
import type { Import, ProtoFile, Reference } from './proto-file.js';
import type { Kind } from './scope.js';
import { Tokens } from './tokens.js';

const SYNTAXES = ['proto2', 'proto3'];
const EDITIONS = ['2023', '2024', '2026', 'UNSTABLE'];
const MAX_FIELD_NUMBER = 536_870_911;
const MAX_ENUM_NUMBER = 2_147_483_647;
/** Far more than protoc takes (32), far less than what protobufjs' recursion can bear. */
const MAX_NESTING = 500;

type Label = 'optional' | 'required' | 'repeated';

/** protobufjs' own parser sets these beside its public properties. */
interface Internals {
  _edition?: string;
  jsonName?: string;
  group?: boolean;
}

/**
 * Reads a .proto file into protobufjs' objects. Its own parser is not enough: it merges all files
 * before it looks names up, so that what a file may see is lost; it stumbles over groups in a oneof
 * and comments beside a token, and looks extensions up anew with each message.
 */
export function parseProto(text: string, path: string): ProtoFile {
  return new Parser(new Tokens(path, text)).file();
}

class Parser {
  readonly #tokens: Tokens;
  readonly #imports: Import[] = [];
  readonly #symbols = new Map<string, Kind>();
  readonly #declarations: (Type | Enum | Service)[] = [];
  readonly #extensions: { field: Field; parent?: Type }[] = [];
  readonly #references: Reference[] = [];
  readonly #fileOptions: OptionLeaf[] = [];
  #edition = 'proto2';
  #package: string | undefined;

  constructor(tokens: Tokens) {
    this.#tokens = tokens;
  }

  file(): ProtoFile {
    while (!this.#tokens.atEnd) this.#topLevel();
    const roots = [
      ...this.#declarations,
      ...this.#extensions.filter(({ parent }) => !parent).map(({ field }) => field),
    ];
    for (const object of roots) {
      (object as Internals)._edition = this.#edition;
      setOptions(
        object,
        this.#fileOptions.filter(([name]) => name.startsWith('features.')),
        true,
      );
    }
    return {
      path: this.#tokens.file,
      packageName: this.#scope,
      imports: this.#imports,
      symbols: this.#symbols,
      declarations: this.#declarations,
      extensions: this.#extensions,
      references: this.#references,
    };
  }

  get #scope(): string {
    return this.#package ?? '';
  }

  #topLevel(): void {
    const tokens = this.#tokens;
    switch (tokens.text) {
      case ';':
        tokens.take();
        return;
      case 'syntax':
      case 'edition':
        return this.#syntax();
      case 'package':
        if (this.#package !== undefined || this.#declarations.length > 0) {
          throw tokens.illegal('token');
        }
        tokens.take();
        this.#package = tokens.path('name');
        return tokens.expect(';');
      case 'import':
        return this.#import();
      case 'option':
        this.#fileOptions.push(...this.#option());
        return;
      case 'extend':
        return this.#extend(this.#scope, undefined, 0);
      case 'service':
        this.#declarations.push(this.#service());
        return;
    }
    const visibility = this.#visibility();
    const declared =
      tokens.text === 'message'
        ? this.#message(this.#scope, 0)
        : tokens.text === 'enum'
          ? this.#enum(this.#scope)
          : undefined;
    if (!declared) throw tokens.illegal('token');
    if (visibility) declared.visibility = visibility;
    this.#declarations.push(declared);
  }

  #syntax(): void {
    const known = this.#tokens.take() === 'syntax' ? SYNTAXES : EDITIONS;
    this.#tokens.expect('=');
    const edition = this.#tokens.string('value');
    if (!known.includes(edition)) {
      throw this.#tokens.error(`expected ${known.join(' or ')}, got '${edition}'`);
    }
    // What protoc's own tests call the edition to come.
    this.#edition = edition === 'UNSTABLE' ? '2026' : edition;
    this.#tokens.expect(';');
  }

  #import(): void {
    const tokens = this.#tokens;
    tokens.take();
    const modifier = tokens.isName ? tokens.take() : '';
    if (!['', 'public', 'weak', 'option'].includes(modifier)) {
      throw tokens.error(`illegal import '${modifier}'`);
    }
    const path = tokens.string('import');
    tokens.expect(';');
    // A file imported for its options only gives no types.
    if (modifier === 'option') return;
    this.#imports.push({ path, isPublic: modifier === 'public', isOptional: modifier === 'weak' });
  }

  #option(): OptionLeaf[] {
    this.#tokens.expect('option');
    const leaves = readOption(this.#tokens);
    this.#tokens.expect(';');
    return leaves;
  }

  #visibility(): 'export' | 'local' | undefined {
    const { text, following } = this.#tokens;
    const isVisibility =
      this.#edition >= '2024' &&
      !this.#edition.startsWith('proto') &&
      (text === 'export' || text === 'local') &&
      (following === 'message' || following === 'enum');
    if (!isVisibility) return undefined;
    this.#tokens.take();
    return text;
  }

  #message(scope: string, depth: number): Type {
    this.#tokens.expect('message');
    const type = new protobuf.Type(this.#tokens.name('type name'));
    this.#messageBody(type, scope, depth);
    return type;
  }

  #messageBody(type: Type, scope: string, depth: number): void {
    const tokens = this.#tokens;
    if (depth >= MAX_NESTING) {
      throw tokens.error(`messages nest deeper than ${MAX_NESTING} levels`);
    }
    const fullName = this.#declare(type, scope, 'type');
    const members: ReflectionObject[] = [];
    tokens.expect('{');
    while (!tokens.skip('}')) this.#member(type, members, fullName, depth);
    addMembers(type, members, tokens);
  }

  #member(type: Type, members: ReflectionObject[], scope: string, depth: number): void {
    const tokens = this.#tokens;
    if (tokens.skip(';')) return;
    if (tokens.text === 'extend') return this.#extend(scope, type, depth);
    // Before a dot a keyword is the name of a package.
    switch (tokens.following === '.' ? '' : tokens.text) {
      case 'message':
        members.push(this.#message(scope, depth + 1));
        return;
      case 'enum':
        members.push(this.#enum(scope));
        return;
      case 'export':
      case 'local': {
        const visibility = this.#visibility();
        if (!visibility) break;
        const nested =
          tokens.text === 'message' ? this.#message(scope, depth + 1) : this.#enum(scope);
        nested.visibility = visibility;
        members.push(nested);
        return;
      }
      case 'option':
        setOptions(type, this.#option());
        return;
      case 'oneof':
        return this.#oneof(members, scope, depth);
      case 'extensions':
        (type.extensions ??= []).push(...this.#extensionRanges());
        return;
      case 'reserved':
        (type.reserved ??= []).push(...this.#reserved(MAX_FIELD_NUMBER));
        return;
    }
    const label = this.#label();
    const isOptional = label === 'optional' && this.#edition === 'proto3';
    const { field, group } = this.#field(scope, label, undefined, depth);
    if (isOptional) field.setOption('proto3_optional', true);
    if (group) members.push(group);
    members.push(field);
  }

  #label(): Label | undefined {
    const tokens = this.#tokens;
    const isLabel = ['optional', 'required', 'repeated'].includes(tokens.text);
    const isMap = tokens.text === 'map' && tokens.following === '<';
    if (!isLabel) {
      if (this.#edition === 'proto2' && !isMap) throw tokens.illegal('token', 'a label');
      return undefined;
    }
    const isProto = SYNTAXES.includes(this.#edition);
    if (tokens.text === 'required' && this.#edition !== 'proto2') throw tokens.illegal('token');
    if (tokens.text === 'optional' && !isProto) throw tokens.illegal('token');
    return tokens.take() as Label;
  }

  #oneof(members: ReflectionObject[], scope: string, depth: number): void {
    const tokens = this.#tokens;
    tokens.expect('oneof');
    const oneof = new protobuf.OneOf(tokens.name());
    tokens.expect('{');
    while (!tokens.skip('}')) {
      if (tokens.skip(';')) continue;
      if (tokens.text === 'option' && tokens.following !== '.') {
        setOptions(oneof, this.#option());
        continue;
      }
      const { field, group } = this.#field(scope, undefined, undefined, depth);
      if (group) members.push(group);
      oneof.add(field);
    }
    members.push(oneof);
  }

  #field(
    scope: string,
    label: Label | undefined,
    extend: string | undefined,
    depth: number,
  ): { field: Field; group?: Type } {
    const tokens = this.#tokens;
    if (tokens.text === 'group' && tokens.following !== '.') {
      return this.#group(scope, label, extend, depth);
    }
    if (tokens.text === 'map' && tokens.following === '<' && !extend) {
      return { field: this.#mapField(scope) };
    }
    const { line } = tokens;
    const type = tokens.path('type');
    const name = tokens.name();
    tokens.expect('=');
    const field = new protobuf.Field(name, this.#fieldNumber(), type, label, extend);
    this.#setFieldOptions(field);
    tokens.expect(';');
    this.#refer(field, scope, line);
    return { field };
  }

  #mapField(scope: string): Field {
    const tokens = this.#tokens;
    const { line } = tokens;
    tokens.expect('map');
    tokens.expect('<');
    if (!Object.hasOwn(protobuf.types.mapKey, tokens.text)) throw tokens.illegal('type');
    const keyType = tokens.take();
    tokens.expect(',');
    const type = tokens.path('type');
    tokens.expect('>');
    const name = tokens.name();
    tokens.expect('=');
    const number = this.#fieldNumber();
    const field = new protobuf.MapField(name, number, keyType, type) as FieldBase as Field;
    this.#setFieldOptions(field);
    tokens.expect(';');
    this.#refer(field, scope, line);
    return field;
  }

  /** A message and the field that holds it, whose name is the message's in lower case. */
  #group(
    scope: string,
    label: Label | undefined,
    extend: string | undefined,
    depth: number,
  ): { field: Field; group: Type } {
    const tokens = this.#tokens;
    if (this.#edition !== 'proto2') throw tokens.illegal('token');
    const { line } = tokens;
    tokens.take();
    const group = new protobuf.Type(tokens.name());
    (group as Internals).group = true;
    tokens.expect('=');
    const name = group.name.toLowerCase();
    const field = new protobuf.Field(name, this.#fieldNumber(), group.name, label, extend);
    this.#setFieldOptions(field);
    this.#messageBody(group, scope, depth + 1);
    this.#refer(field, scope, line);
    return { field, group };
  }

  #fieldNumber(): number {
    const { line } = this.#tokens;
    const number = this.#tokens.integer('id');
    if (number >= 1 && number <= MAX_FIELD_NUMBER) return number;
    throw this.#tokens.error(
      `illegal id ${number}${line === this.#tokens.line ? '' : ` in line ${line}`}, expected 1 to ${MAX_FIELD_NUMBER}`,
    );
  }

  #setFieldOptions(field: Field): void {
    const leaves = readInlineOptions(this.#tokens);
    setOptions(field, leaves);
    const jsonName = leaves.find(([name]) => name === 'json_name')?.[1];
    if (typeof jsonName === 'string') (field as Internals).jsonName = jsonName;
  }

  #extend(scope: string, parent: Type | undefined, depth: number): void {
    const tokens = this.#tokens;
    const { line } = tokens;
    tokens.expect('extend');
    const extendee = tokens.path('reference');
    tokens.expect('{');
    while (!tokens.skip('}')) {
      if (tokens.skip(';')) continue;
      const { field, group } = this.#field(scope, this.#label(), extendee, depth);
      if (group && parent) parent.add(group);
      else if (group) this.#declarations.push(group);
      this.#extensions.push({ field, parent });
      const owner = `the message that ${join(scope, field.name)} extends`;
      const assign = (absolute: string): void => void (field.extend = absolute);
      this.#references.push({ name: extendee, scope, owner, line, assign });
    }
  }

  #enum(scope: string): Enum {
    const tokens = this.#tokens;
    tokens.expect('enum');
    const type = new protobuf.Enum(tokens.name());
    this.#declare(type, scope, 'type');
    const values: [name: string, number: number, leaves: OptionLeaf[]][] = [];
    tokens.expect('{');
    while (!tokens.skip('}')) {
      if (tokens.skip(';')) continue;
      if (tokens.text === 'option' && tokens.following !== '=') {
        setOptions(type, this.#option());
      } else if (tokens.text === 'reserved' && tokens.following !== '=') {
        (type.reserved ??= []).push(...this.#reserved(MAX_ENUM_NUMBER));
      } else {
        const name = tokens.name();
        tokens.expect('=');
        values.push([name, tokens.integer('id'), readInlineOptions(tokens)]);
        tokens.expect(';');
      }
    }
    // Whether numbers may be given twice is an option, which may follow them.
    for (const [name, number, leaves] of values) {
      type.add(name, number, undefined, leaves.length > 0 ? Object.fromEntries(leaves) : undefined);
    }
    return type;
  }

  #reserved(max: number): (number[] | string)[] {
    const tokens = this.#tokens;
    tokens.expect('reserved');
    const reserved: (number[] | string)[] = [];
    do {
      if (tokens.isString) reserved.push(tokens.string('name'));
      else reserved.push(tokens.isName ? tokens.take() : this.#range(max));
    } while (tokens.skip(','));
    tokens.expect(';');
    return reserved;
  }

  #extensionRanges(): number[][] {
    const tokens = this.#tokens;
    tokens.expect('extensions');
    const ranges: number[][] = [];
    do ranges.push(this.#range(MAX_FIELD_NUMBER));
    while (tokens.skip(','));
    // Who declares extensions in a range matters to protoc only.
    readInlineOptions(tokens);
    tokens.expect(';');
    return ranges;
  }

  #range(max: number): number[] {
    const tokens = this.#tokens;
    const from = tokens.integer('id');
    if (!tokens.skip('to')) return [from, from];
    return [from, tokens.skip('max') ? max : tokens.integer('id')];
  }

  #service(): Service {
    const tokens = this.#tokens;
    tokens.expect('service');
    const service = new protobuf.Service(tokens.name('service name'));
    const fullName = this.#declare(service, this.#scope, 'namespace');
    tokens.expect('{');
    while (!tokens.skip('}')) {
      if (tokens.skip(';')) continue;
      if (tokens.text === 'option') setOptions(service, this.#option());
      else service.add(this.#method(fullName));
    }
    return service;
  }

  #method(scope: string): protobuf.Method {
    const tokens = this.#tokens;
    const { line } = tokens;
    tokens.expect('rpc');
    const name = tokens.name();
    const request = this.#methodType();
    tokens.expect('returns');
    const response = this.#methodType();
    const method = new protobuf.Method(
      name,
      'rpc',
      request.type,
      response.type,
      request.stream,
      response.stream,
    );
    if (tokens.skip('{')) {
      while (!tokens.skip('}')) if (!tokens.skip(';')) setOptions(method, this.#option());
    } else tokens.expect(';');
    for (const side of ['request', 'response'] as const) {
      this.#references.push({
        name: method[`${side}Type`],
        scope,
        owner: `the ${side} of rpc ${join(scope, name)}`,
        line,
        assign: (absolute) => void (method[`${side}Type`] = absolute),
      });
    }
    return method;
  }

  #methodType(): { type: string; stream: true | undefined } {
    const tokens = this.#tokens;
    tokens.expect('(');
    const isStream = tokens.text === 'stream' && tokens.following !== ')';
    if (isStream) tokens.take();
    const type = tokens.path('type');
    tokens.expect(')');
    return { type, stream: isStream || undefined };
  }

  #declare(object: Type | Enum | Service, scope: string, kind: Kind): string {
    const fullName = join(scope, object.name);
    this.#symbols.set(fullName, kind);
    object.filename = this.#tokens.file;
    return fullName;
  }

  #refer(field: Field, scope: string, line: number): void {
    field.filename = this.#tokens.file;
    if (isScalarName(field.type)) return;
    this.#references.push({
      name: field.type,
      scope,
      owner: `field ${join(scope, field.name)}`,
      line,
      assign: (absolute) => void (field.type = absolute),
    });
  }
}

/** A field of proto3 marked `optional` stands in a oneof of its own, as protoc has it. */
function addMembers(type: Type, members: readonly ReflectionObject[], tokens: Tokens): void {
  refuseSharedNumbers(type, members, tokens);
  // protobufjs would look through all fields for the number of each.
  Object.defineProperty(type, 'fieldsById', { value: {}, configurable: true });
  const names = new Set(members.map(({ name }) => name));
  for (const member of members) {
    if (!(member instanceof protobuf.Field && member.getOption('proto3_optional'))) {
      type.add(member);
      continue;
    }
    let name = `_${member.name}`;
    while (names.has(name)) name = `X${name}`;
    names.add(name);
    type.add(new protobuf.OneOf(name).add(member) as OneOf);
  }
  Reflect.deleteProperty(type, 'fieldsById');
}

function refuseSharedNumbers(
  type: Type,
  members: readonly ReflectionObject[],
  tokens: Tokens,
): void {
  const owners = new Map<number, string>();
  for (const member of members) {
    const fields = member instanceof protobuf.OneOf ? member.fieldsArray : [member];
    for (const field of fields) {
      if (!(field instanceof protobuf.Field)) continue;
      const owner = owners.get(field.id);
      if (owner !== undefined) {
        throw tokens.error(`duplicate id ${field.id} in ${type.name} (${owner}, ${field.name})`);
      }
      owners.set(field.id, field.name);
    }
  }
}

/** Features of other languages' generators (`features.(pb.go)`) mean nothing here. */
function setOptions(
  object: ReflectionObject,
  leaves: readonly OptionLeaf[],
  ifNotSet = false,
): void {
  for (const [name, value] of leaves) {
    if (!name.startsWith('features.(')) object.setOption(name, value, ifNotSet);
  }
}

function join(scope: string, name: string): string {
  return scope === '' ? name : `${scope}.${name}`;
}
