import { jsonList } from '../json/index.js';
import { answered } from './answered.js';
import { anyReader, type AnyContent } from './any-reader.js';
import { bytesForm } from './base64.js';
import { listReader, structReader, valueReader } from './dynamic.js';
import { enumReader } from './enum-reader.js';
import { boolsOf, mapReader, repeatedReader, tensorReader } from './collection-reader.js';
import { messageReader, type MessageReader } from './message-reader.js';
import type { FieldModel, MessageModel, ValueModel } from './model.js';
import { MAX_DEPTH, type Reader } from './report.js';
import { MAX_FLOAT, scalarReader } from './scalar.js';
import { durationReader } from './duration.js';
import { timestampReader } from './timestamp.js';

/** The slow path of a schema: one reader for each message, made once. */
export class Readers {
  readonly #messages = new Map<MessageModel, MessageReader>();
  /** What was met in an Any: its messages are read when they come. */
  readonly #contents = new Map<ValueModel, AnyContent>();
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
        return answered(scalarReader(model.type), model.type === 'bytes' ? bytesForm : undefined);
      case 'enum':
        return answered(enumReader(model.enum));
      case 'message':
        return answered(this.#message(model.message));
      case 'wrapper':
        return atMessageDepth(this.#of(model.value));
      case 'timestamp':
        return atMessageDepth(answered(timestampReader));
      case 'duration':
        return atMessageDepth(answered(durationReader));
      case 'fieldMask':
        return atMessageDepth(answered(readFieldMask));
      case 'value':
        return valueReader;
      case 'struct':
        return structReader;
      case 'list':
        return listReader;
      case 'any':
        return answered(
          anyReader((name) => {
            const inner = model.types.find(name);
            return inner && this.#contentOf(inner);
          }),
        );
    }
  }

  #contentOf(inner: ValueModel): AnyContent {
    let content = this.#contents.get(inner);
    if (content === undefined) {
      content =
        inner.kind === 'message'
          ? { readFields: this.#message(inner.message) }
          : { readValue: this.#of(inner), mayBeAbsent: inner.kind === 'value' };
      this.#finish();
      this.#contents.set(inner, content);
    }
    return content;
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
    if (field.rule === 'repeated') {
      const readList = withTensors(field.value, repeatedReader(reader));
      return answered(readList, isBool(field.value) ? boolsOf : jsonList);
    }
    return field.mapKey === undefined ? reader : answered(mapReader(field.mapKey, reader));
  }
}

function withTensors(element: ValueModel, readList: Reader): Reader {
  if (element.kind !== 'scalar') return readList;
  if (element.type === 'double') return tensorReader(readList, Number.MAX_VALUE);
  return element.type === 'float' ? tensorReader(readList, MAX_FLOAT) : readList;
}

function isBool(model: ValueModel): boolean {
  if (model.kind === 'wrapper') return isBool(model.value);
  return model.kind === 'scalar' && model.type === 'bool';
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
