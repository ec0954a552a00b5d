import type { AnyTypes, ValueModel } from '../model.js';
import { MAX_DEPTH, setOwn, type Reader } from '../report.js';
import type { Content } from './form.js';
import type { Message } from './field-form.js';
import { scalarForm } from './scalar-form.js';
import type { UnreadAny, WireReader } from './wire-reader.js';
import { LENGTH_PREFIXED, tagOf } from './wire-type.js';
import { WireWriter } from './wire-writer.js';

const TYPE_URL = tagOf(1, LENGTH_PREFIXED);
const VALUE = tagOf(2, LENGTH_PREFIXED);

const text = scalarForm('string');

type Halves = Pick<UnreadAny, 'url' | 'start' | 'end'>;

const NOTHING: Halves = { url: '', start: 0, end: 0 };

/**
 * Its content is read when all around it has been: it may come twice, in two halves, and what a value
 * is cannot be known before its type. One that a later field of its oneof replaces is read all the same.
 *
 * @param contentOf how the messages an Any may hold are read and written
 * @param check reads the whole Any again as it reads JSON's, so that the same rules hold for both
 */
export function anyContent(
  types: AnyTypes,
  contentOf: (model: ValueModel) => Content,
  check: Reader,
): Content {
  const find = (url: string) => {
    const model = types.find(url.slice(url.lastIndexOf('/') + 1));
    return model && { content: contentOf(model), isMessage: model.kind === 'message' };
  };

  /** The Any in JSON's form. What is inside another has been checked when that one is. */
  const settled = (wire: WireReader, any: Halves, at: number, depth: number): unknown => {
    if (any.url === '' && any.start === any.end) return {};
    const { isInAny } = wire;
    wire.isInAny = true;
    const draft = draftOf(wire, any, at, depth);
    wire.isInAny = isInAny;
    return isInAny ? draft : (check(draft, wire.report, at, depth) ?? {});
  };

  function draftOf(wire: WireReader, any: Halves, at: number, depth: number): Message {
    const { url } = any;
    const found = find(url);
    if (found === undefined) return { '@type': url };
    const { pos, end, group, anys } = wire;
    wire.anys = undefined;
    wire.enterRange(any.start, any.end);
    const value = found.content.read(wire, undefined, at, depth + 1);
    settleAnys(wire);
    wire.anys = anys;
    wire.pos = pos;
    wire.leave(end, group);
    return found.isMessage ? { '@type': url, ...(value as Message) } : { '@type': url, value };
  }

  return {
    read(wire, earlier, at, depth) {
      if (depth > MAX_DEPTH) wire.tooDeep(at);
      const any = (earlier ?? {}) as Message;
      wire.anys ??= new Map();
      let unread = wire.anys.get(any);
      if (unread === undefined) {
        const path = wire.report.path.slice(0, at);
        const halves: UnreadAny = {
          ...NOTHING,
          settle() {
            path.forEach((segment, i) => (wire.report.path[i] = segment));
            const value = settled(wire, halves, at, depth) as Message;
            for (const [key, member] of Object.entries(value)) setOwn(any, key, member);
          },
        };
        wire.anys.set(any, (unread = halves));
      }
      readHalves(wire, unread, at, depth);
      return any;
    },
    readElement(wire, at, depth) {
      if (depth > MAX_DEPTH) wire.tooDeep(at);
      const halves = { ...NOTHING };
      readHalves(wire, halves, at, depth);
      return settled(wire, halves, at, depth);
    },
    write(writer, value) {
      const { '@type': url, ...fields } = value as { '@type'?: string } & Message;
      const found = url === undefined ? undefined : find(url);
      if (url === undefined || found === undefined) return;
      writer.varint32(TYPE_URL);
      text.write(writer, url);
      const inner = new WireWriter();
      found.content.write(inner, found.isMessage ? fields : fields['value']);
      const bytes = inner.finish();
      if (bytes.length === 0) return;
      writer.varint32(VALUE);
      writer.bytes(bytes);
    },
  };
}

function readHalves(wire: WireReader, halves: Halves, at: number, depth: number): void {
  for (let tag = wire.next(at); tag !== 0; tag = wire.next(at)) {
    if (tag === TYPE_URL) halves.url = wire.string();
    else if (tag === VALUE) {
      const { end, group } = wire;
      wire.enterLength();
      halves.start = wire.pos;
      halves.end = wire.pos = wire.end;
      wire.leave(end, group);
    } else wire.skip(tag, depth);
  }
}

/** Fills the Anys of a message that has been read as a whole. */
export function settleAnys(wire: WireReader): void {
  if (wire.anys === undefined) return;
  for (const unread of wire.anys.values()) unread.settle();
}
