import type { AnyTypes, ValueModel } from '../model.js';
import { MAX_DEPTH, setOwn, type Reader, type Report } from '../report.js';
import type { Content } from './form.js';
import type { Message } from './field-form.js';
import { scalarForm } from './scalar-form.js';
import type { UnreadAny } from './unread-any.js';
import { WireReader } from './wire-reader.js';
import { LENGTH_PREFIXED, tagOf } from './wire-type.js';
import { WireWriter } from './wire-writer.js';

const TYPE_URL = tagOf(1, LENGTH_PREFIXED);
const VALUE = tagOf(2, LENGTH_PREFIXED);

const NO_BYTES = Buffer.alloc(0);
const text = scalarForm('string');

/**
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

  const settle: UnreadAny['settle'] = ({ url, value, path, depth }, report, isInAny) => {
    path.forEach((segment, i) => (report.path[i] = segment));
    const at = path.length;
    const draft = url === '' && value.length === 0 ? {} : draftOf(url, value, report, at, depth);
    return isInAny ? draft : check(draft, report, at, depth);
  };

  function draftOf(url: string, value: Buffer, report: Report, at: number, depth: number): Message {
    const found = find(url);
    if (found === undefined) return { '@type': url };
    const wire = new WireReader(value, report);
    const inner = found.content.read(wire, undefined, at, depth + 1);
    settleAnys(wire, true);
    return found.isMessage
      ? { '@type': url, ...(inner as Message) }
      : { '@type': url, value: inner };
  }

  return {
    read(wire, earlier, at, depth) {
      if (depth > MAX_DEPTH) wire.tooDeep(at);
      const any = (earlier ?? {}) as object;
      let unread = wire.anys?.get(any);
      if (unread === undefined) {
        const path = wire.report.path.slice(0, at);
        unread = { url: '', value: NO_BYTES, settle, path, depth };
        (wire.anys ??= new Map()).set(any, unread);
      }
      for (let tag = wire.next(at); tag !== 0; tag = wire.next(at)) {
        if (tag === TYPE_URL) unread.url = wire.string();
        else if (tag === VALUE) unread.value = wire.bytesField();
        else wire.skip(tag, depth);
      }
      return any;
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

/** Fills the Anys of a message that has been read as a whole. */
export function settleAnys(wire: WireReader, isInAny = false): void {
  for (const [any, unread] of wire.anys ?? []) {
    const settled = unread.settle(unread, wire.report, isInAny) ?? {};
    for (const [key, member] of Object.entries(settled)) setOwn(any as Message, key, member);
  }
}
