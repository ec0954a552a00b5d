import protobuf from 'protobufjs';
import type { Field, FieldBase, ReflectionObject, Type } from 'protobufjs';
import { DeclarationParser, join, setOptions, type Internals } from './declaration-parser.js';
import { addMembers } from './members.js';
import { readInlineOptions } from './option.js';
import { addTo, setPlace } from './place.js';

const MAX_FIELD_NUMBER = 536_870_911;
/** Far more than protoc takes (32), far less than what protobufjs' recursion can bear. */
const MAX_NESTING = 500;

type Label = 'optional' | 'required' | 'repeated';

/** Messages, their fields and extensions. */
export abstract class MessageParser extends DeclarationParser {
  protected readonly extensions: { field: Field; parent?: Type }[] = [];

  protected message(scope: string, depth: number): Type {
    this.tokens.expect('message');
    const type = new protobuf.Type(this.tokens.name('type name'));
    this.messageBody(type, scope, depth);
    return type;
  }

  protected messageBody(type: Type, scope: string, depth: number): void {
    const tokens = this.tokens;
    if (depth >= MAX_NESTING) {
      throw tokens.error(`messages nest deeper than ${MAX_NESTING} levels`);
    }
    const fullName = this.declare(type, scope, 'type');
    const members: ReflectionObject[] = [];
    tokens.expect('{');
    type.comment = tokens.comment();
    while (!tokens.skip('}')) this.member(type, members, fullName, depth);
    addMembers(type, members);
  }

  protected member(type: Type, members: ReflectionObject[], scope: string, depth: number): void {
    const tokens = this.tokens;
    if (tokens.skip(';')) return;
    tokens.begin();
    if (tokens.text === 'extend') return this.extend(scope, type, depth);
    // Before a dot a keyword is the name of a package.
    switch (tokens.following === '.' ? '' : tokens.text) {
      case 'message':
        members.push(this.message(scope, depth + 1));
        return;
      case 'enum':
        members.push(this.enumeration(scope));
        return;
      case 'export':
      case 'local': {
        const visibility = this.visibility();
        if (!visibility) break;
        const nested =
          tokens.text === 'message' ? this.message(scope, depth + 1) : this.enumeration(scope);
        nested.visibility = visibility;
        members.push(nested);
        return;
      }
      case 'option':
        setOptions(type, this.option());
        return;
      case 'oneof':
        return this.oneof(members, scope, depth);
      case 'extensions':
        (type.extensions ??= []).push(...this.extensionRanges());
        return;
      case 'reserved':
        (type.reserved ??= []).push(...this.reserved(MAX_FIELD_NUMBER));
        return;
    }
    const label = this.label();
    const isOptional = label === 'optional' && this.edition === 'proto3';
    const { field, group } = this.field(scope, label, undefined, depth);
    if (isOptional) field.setOption('proto3_optional', true);
    if (group) members.push(group);
    members.push(field);
  }

  protected label(): Label | undefined {
    const tokens = this.tokens;
    const isLabel = ['optional', 'required', 'repeated'].includes(tokens.text);
    const isMap = tokens.text === 'map' && tokens.following === '<';
    if (!isLabel) {
      if (this.edition === 'proto2' && !isMap) throw tokens.illegal('token', 'a label');
      return undefined;
    }
    const isEdition = !this.edition.startsWith('proto');
    if (tokens.text === 'required' && this.edition !== 'proto2') throw tokens.illegal('token');
    if (tokens.text === 'optional' && isEdition) throw tokens.illegal('token');
    return tokens.take() as Label;
  }

  protected oneof(members: ReflectionObject[], scope: string, depth: number): void {
    const tokens = this.tokens;
    const { offset } = tokens;
    tokens.expect('oneof');
    const oneof = new protobuf.OneOf(tokens.name());
    setPlace(oneof, tokens.placeAt(offset));
    tokens.expect('{');
    oneof.comment = tokens.comment();
    while (!tokens.skip('}')) {
      if (tokens.skip(';')) continue;
      if (tokens.text === 'option' && tokens.following !== '.') {
        setOptions(oneof, this.option());
        continue;
      }
      tokens.begin();
      const { field, group } = this.field(scope, undefined, undefined, depth);
      if (group) members.push(group);
      oneof.add(field);
    }
    members.push(oneof);
  }

  protected field(
    scope: string,
    label: Label | undefined,
    extend: string | undefined,
    depth: number,
  ): { field: Field; group?: Type } {
    const tokens = this.tokens;
    if (tokens.text === 'group' && tokens.following !== '.') {
      return this.group(scope, label, extend, depth);
    }
    if (tokens.text === 'map' && tokens.following === '<' && !extend) {
      return { field: this.mapField(scope) };
    }
    const { offset } = tokens;
    const type = tokens.path('type');
    const name = tokens.name();
    tokens.expect('=');
    const field = new protobuf.Field(name, this.fieldNumber(), type, label, extend);
    this.setFieldOptions(field);
    tokens.expect(';');
    field.comment = tokens.comment();
    this.refer(field, scope, offset);
    return { field };
  }

  protected mapField(scope: string): Field {
    const tokens = this.tokens;
    const { offset } = tokens;
    tokens.expect('map');
    tokens.expect('<');
    if (!Object.hasOwn(protobuf.types.mapKey, tokens.text)) throw tokens.illegal('type');
    const keyType = tokens.take();
    tokens.expect(',');
    const type = tokens.path('type');
    tokens.expect('>');
    const name = tokens.name();
    tokens.expect('=');
    const number = this.fieldNumber();
    const field = new protobuf.MapField(name, number, keyType, type) as FieldBase as Field;
    this.setFieldOptions(field);
    tokens.expect(';');
    field.comment = tokens.comment();
    this.refer(field, scope, offset);
    return field;
  }

  /** A message and the field that holds it, whose name is the message's in lower case. */
  protected group(
    scope: string,
    label: Label | undefined,
    extend: string | undefined,
    depth: number,
  ): { field: Field; group: Type } {
    const tokens = this.tokens;
    if (this.edition !== 'proto2') throw tokens.illegal('token');
    const { offset } = tokens;
    tokens.take();
    const group = new protobuf.Type(tokens.name());
    (group as Internals).group = true;
    tokens.expect('=');
    const name = group.name.toLowerCase();
    const field = new protobuf.Field(name, this.fieldNumber(), group.name, label, extend);
    this.setFieldOptions(field);
    this.messageBody(group, scope, depth + 1);
    field.comment = group.comment;
    this.refer(field, scope, offset);
    return { field, group };
  }

  protected fieldNumber(): number {
    const { offset } = this.tokens;
    const number = this.tokens.integer('id');
    if (number >= 1 && number <= MAX_FIELD_NUMBER) return number;
    throw this.tokens.errorAt(offset, `illegal id ${number}, expected 1 to ${MAX_FIELD_NUMBER}`);
  }

  protected setFieldOptions(field: Field): void {
    const leaves = readInlineOptions(this.tokens);
    setOptions(field, leaves);
    const jsonName = leaves.find(([name]) => name === 'json_name')?.[1];
    if (typeof jsonName === 'string') (field as Internals).jsonName = jsonName;
  }

  protected extend(scope: string, parent: Type | undefined, depth: number): void {
    const tokens = this.tokens;
    const { offset } = tokens;
    tokens.expect('extend');
    const extendee = tokens.path('reference');
    tokens.expect('{');
    while (!tokens.skip('}')) {
      if (tokens.skip(';')) continue;
      tokens.begin();
      const { field, group } = this.field(scope, this.label(), extendee, depth);
      if (group && parent) addTo(parent, group);
      else if (group) this.declarations.push(group);
      this.extensions.push({ field, parent });
      const owner = `the message that ${join(scope, field.name)} extends`;
      const assign = (absolute: string): void => void (field.extend = absolute);
      this.references.push({ name: extendee, scope, owner, offset, assign });
    }
  }

  protected extensionRanges(): number[][] {
    const tokens = this.tokens;
    tokens.expect('extensions');
    const ranges: number[][] = [];
    do ranges.push(this.range(MAX_FIELD_NUMBER));
    while (tokens.skip(','));
    // Who declares extensions in a range matters to protoc only.
    readInlineOptions(tokens);
    tokens.expect(';');
    return ranges;
  }
}
