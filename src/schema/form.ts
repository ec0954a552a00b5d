import { isUtf8 } from 'node:buffer';
import { invalidRequest } from '../errors/index.js';
import { JsonText, pathText } from '../json/index.js';
import type { FieldModel, MessageModel, ValueModel } from './model.js';
import { MAX_DEPTH, setOwn } from './report.js';

/** A part of a form: a field's name, and what it holds. */
export interface Part {
  readonly name: string;
  readonly content: Buffer;
}

/** A form as a value that {@link MessageCodec.read} takes, with the JSON text it stands for. */
export interface FilledForm {
  readonly value: object;
  /** Bytes and plain texts have empty strings in their places. */
  readonly text: JsonText;
}

/**
 * Brings the parts of a form into the place and the type that a message gives them. Whether it takes
 * them is for the reader of the message to say: what no field is found for stays under its own name.
 */
export class FormReader {
  /** The one field of raw bytes that the message has, if it is one. */
  readonly mediaField: string | undefined;
  readonly #message: MessageModel;
  readonly #names = new Map<MessageModel, ReadonlyMap<string, FieldModel>>();

  constructor(message: MessageModel) {
    const media = message.fields.filter(
      ({ rule, value }) => rule === 'single' && value.kind === 'scalar' && value.type === 'bytes',
    );
    this.mediaField = media.length === 1 ? media[0]!.key : undefined;
    this.#message = message;
  }

  /** @throws {InvalidRequest} for a part that its field cannot hold, or that stands twice */
  read(parts: Iterable<Part>): FilledForm {
    const root = new Filling(this.#message, []);
    for (const part of parts) this.#fill(root, part);
    const { value, text } = root.finish();
    return { value: value as object, text: new JsonText(text) };
  }

  /** A dotted name leads into messages, and brackets behind one say that it may come again. */
  #fill(root: Filling, { name, content }: Part): void {
    let filling = root;
    let rest = name;
    for (;;) {
      const field = this.#find(filling.message, rest);
      if (field !== undefined) return filling.add(field, content);
      const dot = rest.indexOf('.');
      const holder = dot === -1 ? undefined : this.#find(filling.message, rest.slice(0, dot));
      if (holder?.rule !== 'single' || holder.value.kind !== 'message') {
        return filling.addUnknown(rest);
      }
      filling = filling.enter(holder.key, holder.value.message);
      rest = rest.slice(dot + 1);
    }
  }

  #find(message: MessageModel, name: string): FieldModel | undefined {
    const names = this.#namesOf(message);
    const field = names.get(name);
    if (field !== undefined || !name.endsWith('[]')) return field;
    const bracketed = names.get(name.slice(0, -2));
    return bracketed?.rule === 'repeated' ? bracketed : undefined;
  }

  #namesOf(message: MessageModel): ReadonlyMap<string, FieldModel> {
    let names = this.#names.get(message);
    if (names === undefined) {
      names = new Map(
        message.fields.flatMap((field) => field.spellings.map((name) => [name, field] as const)),
      );
      this.#names.set(message, names);
    }
    return names;
  }
}

/** What a part says, and how it is written in JSON. */
interface Said {
  readonly value: unknown;
  readonly text: string;
}

/** A message that is being filled. */
class Filling {
  readonly message: MessageModel;
  readonly #path: readonly string[];
  readonly #members = new Map<string, Filling | Said | Said[]>();

  constructor(message: MessageModel, path: readonly string[]) {
    this.message = message;
    this.#path = path;
  }

  add({ key, rule, value }: FieldModel, content: Buffer): void {
    const there = this.#members.get(key);
    if (there !== undefined && rule !== 'repeated') this.#refuseTwice(key);
    const said = this.#read(key, rule === 'map' ? undefined : value, content);
    if (rule !== 'repeated') this.#members.set(key, said);
    else if (there === undefined) this.#members.set(key, [said]);
    else (there as Said[]).push(said);
  }

  addUnknown(name: string): void {
    this.#members.set(name, EMPTY_TEXT);
  }

  /** The message in a field of this one. */
  enter(key: string, message: MessageModel): Filling {
    const there = this.#members.get(key);
    if (there instanceof Filling) return there;
    if (there !== undefined) this.#refuseTwice(key);
    const path = [...this.#path, key];
    if (path.length > MAX_DEPTH) {
      refuse(path, `expected at most ${MAX_DEPTH} levels of nesting, got more`);
    }
    const inner = new Filling(message, path);
    this.#members.set(key, inner);
    return inner;
  }

  finish(): Said {
    const value: Record<string, unknown> = {};
    const texts: string[] = [];
    for (const [key, member] of this.#members) {
      const said = member instanceof Filling ? member.finish() : joined(member);
      setOwn(value, key, said.value);
      texts.push(`${JSON.stringify(key)}:${said.text}`);
    }
    return { value, text: `{${texts.join(',')}}` };
  }

  #read(key: string, model: ValueModel | undefined, content: Buffer): Said {
    switch (model?.kind) {
      case 'scalar':
        if (model.type === 'bytes') return { value: content, text: '""' };
        return said(plain(model.type, this.#textOf(key, content)));
      case 'enum':
        return said(ofEnum(model.enum.numbers, this.#textOf(key, content)));
      case 'wrapper':
        return this.#read(key, model.value, content);
      case 'timestamp':
      case 'duration':
      case 'fieldMask':
        return said(this.#textOf(key, content));
      default:
        return this.#readJson(key, content);
    }
  }

  #textOf(key: string, content: Buffer): string {
    if (isUtf8(content)) return content.toString();
    return refuse([...this.#path, key], 'expected a text in UTF-8, got other bytes');
  }

  #readJson(key: string, content: Buffer): Said {
    const json = JsonText.decode(content);
    try {
      if (json !== undefined) return { value: json.parse(), text: json.text };
    } catch (error) {
      refuse(
        [...this.#path, key],
        `expected a text of JSON, got none: ${(error as Error).message}`,
      );
    }
    return refuse([...this.#path, key], 'expected a text of JSON in UTF-8, got other bytes');
  }

  #refuseTwice(key: string): never {
    return refuse([...this.#path, key], 'expected one part for the field, got more');
  }
}

const EMPTY_TEXT: Said = { value: '', text: '""' };

function said(value: unknown): Said {
  return { value, text: '""' };
}

function joined(member: Said | Said[]): Said {
  if (!Array.isArray(member)) return member;
  return {
    value: member.map(({ value }) => value),
    text: `[${member.map(({ text }) => text).join(',')}]`,
  };
}

/** Numbers may be texts in JSON as well; what is of another type is refused there. */
function plain(type: string, text: string): unknown {
  if (type !== 'bool') return text;
  return text === 'true' ? true : text === 'false' ? false : text;
}

function ofEnum(numbers: ReadonlyMap<string, number>, text: string): unknown {
  return !numbers.has(text) && /^-?\d{1,10}$/.test(text) ? Number(text) : text;
}

function refuse(path: readonly string[], message: string): never {
  throw invalidRequest([{ path: pathText(path), message }]);
}
