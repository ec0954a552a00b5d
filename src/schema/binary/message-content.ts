import { MAX_DEPTH } from '../report.js';
import type { Content } from './form.js';
import type { FieldForm, Message, Step } from './field-form.js';
import type { WireReader } from './wire-reader.js';
import type { WireWriter } from './wire-writer.js';

/** Tags below this one, of the first 63 fields, are looked up in an array. */
const DENSE = 512;

/** The inside of a schema's message, whose fields come later: they may hold messages of this very type. */
export class MessageContent implements Content {
  readonly #dense: (Step | undefined)[] = [];
  readonly #sparse = new Map<number, Step>();
  readonly #fields = new Map<string, FieldForm>();

  setFields(fields: readonly FieldForm[]): void {
    for (const field of fields) {
      this.#fields.set(field.key, field);
      for (const [tag, step] of field.steps) this.#sparse.set(tag, step);
    }
    const last = Math.max(-1, ...[...this.#sparse.keys()].filter((tag) => tag < DENSE));
    for (let tag = 0; tag <= last; tag++) this.#dense.push(this.#sparse.get(tag));
  }

  read = (wire: WireReader, earlier: unknown, at: number, depth: number): unknown => {
    if (depth > MAX_DEPTH) wire.tooDeep(at);
    const out = (earlier ?? {}) as Message;
    const dense = this.#dense;
    for (let tag = wire.next(at); tag !== 0; tag = wire.next(at)) {
      const step = tag < dense.length ? dense[tag] : this.#sparse.get(tag);
      if (step === undefined) wire.skip(tag, depth);
      else {
        wire.enterField(at, step.key);
        step.read(wire, out, at + 1, depth + 1);
      }
    }
    return out;
  };

  /** In the order of the fields' numbers, so that equal messages are equal bytes. */
  write = (writer: WireWriter, value: unknown): void => {
    const message = value as Message;
    const present: FieldForm[] = [];
    let last = 0;
    let inOrder = true;
    for (const key of Object.keys(message)) {
      const field = this.#fields.get(key);
      if (field === undefined || message[key] === undefined) continue;
      if (field.id < last) inOrder = false;
      last = field.id;
      present.push(field);
    }
    if (!inOrder) present.sort((a, b) => a.id - b.id);
    for (const field of present) field.write(writer, message[field.key]);
  };
}
