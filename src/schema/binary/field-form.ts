import type { FieldModel } from '../model.js';
import { setOwn } from '../report.js';
import type { Form } from './form.js';
import type { WireReader } from './wire-reader.js';
import { FIXED32, FIXED64, LENGTH_PREFIXED, VARINT, tagOf } from './wire-type.js';
import type { WireWriter } from './wire-writer.js';

/** What is done with the value behind a tag that a message knows. */
export interface Step {
  readonly key: string;
  read(wire: WireReader, out: Message, at: number, depth: number): void;
}

export type Message = Record<string, unknown>;

/** A field of a message on the wire. */
export interface FieldForm {
  readonly id: number;
  readonly key: string;
  /** By each tag the field may come with. */
  readonly steps: ReadonlyMap<number, Step>;
  /** Writes the field, tag and all. */
  write(writer: WireWriter, value: unknown): void;
}

/** @param oneof the keys of the field's oneof, of which the last one wins */
export function singleField(
  { id, key, implicit }: FieldModel,
  form: Form,
  oneof?: ReadonlySet<string>,
): FieldForm {
  const tag = tagOf(id, form.wireType);
  const { merges = false } = form;
  const step: Step = {
    key,
    read(wire, out, at, depth) {
      const value = form.read(wire, merges ? ownOf(out, key) : undefined, at, depth);
      if (value === undefined) return;
      if (oneof) deleteOthers(out, key, oneof);
      setOwn(out, key, value);
    },
  };
  return {
    id,
    key,
    steps: new Map([[tag, step]]),
    write(writer, value) {
      if (implicit && form.isDefault(value)) return;
      writer.varint32(tag);
      form.write(writer, value);
    },
  };
}

/** Numbers are taken packed and not, whatever the schema says. */
export function repeatedField({ id, key, packed }: FieldModel, form: Form): FieldForm {
  const tag = tagOf(id, form.wireType);
  const packedTag = tagOf(id, LENGTH_PREFIXED);
  const steps = new Map<number, Step>([[tag, { key, read: readElement }]]);
  if (!isPackable(form)) return { id, key, steps, write: writeElements };
  steps.set(packedTag, { key, read: readPacked });
  return { id, key, steps, write: packed ? writePacked : writeElements };

  function readElement(...[wire, out, at, depth]: Parameters<Step['read']>): void {
    const list = ownOf(out, key) as unknown[] | undefined;
    wire.enterField(at, list?.length ?? 0);
    const element = form.readElement
      ? form.readElement(wire, at + 1, depth)
      : form.read(wire, undefined, at + 1, depth);
    if (element === undefined) return;
    if (list) list.push(element);
    else setOwn(out, key, [element]);
  }

  function readPacked(...[wire, out, at, depth]: Parameters<Step['read']>): void {
    const { end, group } = wire;
    wire.enterLength();
    const known = ownOf(out, key) as unknown[] | undefined;
    const list = form.readAll?.(wire) ?? readEach(wire, at, depth);
    if (known) for (const element of list) known.push(element);
    else if (list.length > 0) setOwn(out, key, list);
    wire.leave(end, group);
  }

  function readEach(wire: WireReader, at: number, depth: number): unknown[] {
    if (form.size !== undefined) wire.countOf(form.size);
    const list: unknown[] = [];
    while (wire.pos < wire.end) {
      const element = form.read(wire, undefined, at, depth);
      if (element !== undefined) list.push(element);
    }
    return list;
  }

  function writeElements(writer: WireWriter, value: unknown): void {
    for (const element of value as readonly unknown[]) {
      writer.varint32(tag);
      form.write(writer, element);
    }
  }

  function writePacked(writer: WireWriter, value: unknown): void {
    const list = value as readonly unknown[];
    if (list.length === 0) return;
    writer.varint32(packedTag);
    const start = writer.begin();
    for (let i = 0; i < list.length; i++) form.write(writer, list[i]);
    writer.end(start);
  }
}

/** By what the message holds, which is less than what a oneof of thousands may. */
function deleteOthers(out: Message, key: string, oneof: ReadonlySet<string>): void {
  for (const other in out) if (other !== key && oneof.has(other)) delete out[other];
}

function isPackable({ wireType }: Form): boolean {
  return wireType === VARINT || wireType === FIXED32 || wireType === FIXED64;
}

export function ownOf(out: Message, key: string): unknown {
  return Object.hasOwn(out, key) ? out[key] : undefined;
}
