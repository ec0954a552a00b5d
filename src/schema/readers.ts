import { anyReader } from './any-reader.js';
import { listReader, structReader, valueReader } from './dynamic.js';
import { enumReader } from './enum-reader.js';
import { mapReader, repeatedReader } from './collection-reader.js';
import { messageReader, type MessageReader } from './message-reader.js';
import type { FieldModel, MessageModel, ValueModel } from './model.js';
import { MAX_DEPTH, type Reader } from './report.js';
import { scalarReader } from './scalar.js';
import { durationReader, timestampReader } from './time.js';

/** The slow path of a schema: one reader for each message, made once. */
export class Readers {
  readonly #messages = new Map<MessageModel, MessageReader>();
  readonly #unfinished: (() => void)[] = [];

  of(model: ValueModel): Reader {
    const reader = this.#of(model);
    this.#finish();
    return reader;
  }

  /** Not one inside the other: messages may lead to each other in a chain of thousands. */
  #finish(): void {
    for (let next = this.#unfinished.pop(); next; next = this.#unfinished.pop()) next();
  }

  #of(model: ValueModel): Reader {
    switch (model.kind) {
      case 'scalar':
        return scalarReader(model.type);
      case 'enum':
        return enumReader(model.enum);
      case 'message':
        return this.#message(model.message);
      case 'wrapper':
        return atMessageDepth(this.#of(model.value));
      case 'timestamp':
        return atMessageDepth(timestampReader);
      case 'duration':
        return atMessageDepth(durationReader);
      case 'fieldMask':
        return atMessageDepth(readFieldMask);
      case 'value':
        return valueReader;
      case 'struct':
        return structReader;
      case 'list':
        return listReader;
      case 'any':
        return anyReader((name) => {
          const inner = model.types.find(name);
          if (inner === undefined) return undefined;
          if (inner.kind !== 'message') {
            return { readValue: this.of(inner), mayBeAbsent: inner.kind === 'value' };
          }
          const readFields = this.#message(inner.message);
          this.#finish();
          return { readFields };
        });
    }
  }

  #message(model: MessageModel): MessageReader {
    const known = this.#messages.get(model);
    if (known) return known;
    // The fields come later: they may hold messages of this very type.
    const { reader, setFields } = messageReader(model);
    this.#messages.set(model, reader);
    this.#unfinished.push(() => setFields(model.fields.map((field) => this.#field(field))));
    return reader;
  }

  #field(field: FieldModel): Reader {
    const reader = this.#of(field.value);
    if (field.rule === 'repeated') return repeatedReader(reader);
    return field.mapKey === undefined ? reader : mapReader(field.mapKey, reader);
  }
}

/** A well-known type is a scalar in JSON, yet a message where depth is counted. */
function atMessageDepth(read: Reader): Reader {
  return (value, report, at, depth) =>
    depth > MAX_DEPTH ? report.tooDeep(at) : read(value, report, at, depth);
}

const readFieldMask: Reader = (value, report, at) =>
  typeof value === 'string' && !value.includes('_')
    ? value
    : report.fail(at, 'a field mask ("user.displayName,photo")', value);
