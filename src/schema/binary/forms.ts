import type { FieldModel, MessageModel, ValueModel } from '../model.js';
import type { Readers } from '../readers.js';
import { anyContent } from './any-content.js';
import { listContent, structContent, valueContent } from './dynamic-content.js';
import { enumForm } from './enum-form.js';
import { repeatedField, singleField, type FieldForm } from './field-form.js';
import { delimited, lengthPrefixed, type Content, type Form } from './form.js';
import { mapField } from './map-field.js';
import { MessageContent } from './message-content.js';
import { scalarForm } from './scalar-form.js';
import {
  durationContent,
  fieldMaskContent,
  timestampContent,
  wrapperContent,
} from './well-known-content.js';

/** The binary forms of a schema: one for each message, made once. */
export class Forms {
  readonly #messages = new Map<MessageModel, MessageContent>();
  readonly #unfinished: (() => void)[] = [];
  readonly #readers: Readers;

  constructor(readers: Readers) {
    this.#readers = readers;
  }

  /** The inside of a message. */
  contentOf(model: ValueModel): Content {
    const content = this.#content(model);
    // Not one inside the other: messages may lead to each other in a chain of thousands.
    for (let next = this.#unfinished.pop(); next; next = this.#unfinished.pop()) next();
    return content;
  }

  #content(model: ValueModel): Content {
    switch (model.kind) {
      case 'message':
        return this.#message(model.message);
      case 'wrapper':
        return wrapperContent(this.#scalar(model.value));
      case 'any':
        return anyContent(model.types, (inner) => this.contentOf(inner), this.#readers.of(model));
      case 'timestamp':
        return timestampContent;
      case 'duration':
        return durationContent;
      case 'fieldMask':
        return fieldMaskContent;
      case 'value':
        return valueContent;
      case 'struct':
        return structContent;
      case 'list':
        return listContent;
      default:
        throw new TypeError(`a ${model.kind} is no message`);
    }
  }

  #message(model: MessageModel): MessageContent {
    const known = this.#messages.get(model);
    if (known) return known;
    const content = new MessageContent();
    this.#messages.set(model, content);
    this.#unfinished.push(() => {
      const oneofs = oneofsOf(model);
      content.setFields(model.fields.map((field) => this.#field(field, oneofs)));
    });
    return content;
  }

  #field(field: FieldModel, oneofs: ReadonlyMap<string, ReadonlySet<string>>): FieldForm {
    const form = this.#form(field);
    if (field.rule === 'repeated') return repeatedField(field, form);
    if (field.mapKey !== undefined) return mapField(field, field.mapKey, form);
    return singleField(
      field,
      form,
      field.oneof === undefined ? undefined : oneofs.get(field.oneof),
    );
  }

  #form({ id, value, delimited: isDelimited }: FieldModel): Form {
    if (value.kind === 'scalar') return scalarForm(value.type);
    if (value.kind === 'enum') return enumForm(value.enum);
    const content = this.#content(value);
    return isDelimited ? delimited(content, id) : lengthPrefixed(content);
  }

  #scalar(model: ValueModel): Form {
    if (model.kind !== 'scalar') throw new TypeError(`a ${model.kind} is no scalar`);
    return scalarForm(model.type);
  }
}

/** The keys of each oneof. */
function oneofsOf({ fields }: MessageModel): Map<string, Set<string>> {
  const oneofs = new Map<string, Set<string>>();
  for (const { oneof, key } of fields) {
    if (oneof === undefined) continue;
    const known = oneofs.get(oneof);
    if (known) known.add(key);
    else oneofs.set(oneof, new Set([key]));
  }
  return oneofs;
}
