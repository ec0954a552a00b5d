import { HARMLESS_KEY, reachesPrototype } from '../../json/index.js';
import { INTEGERS } from '../integer.js';
import type { FieldModel } from '../model.js';
import { setOwn } from '../report.js';
import type { ScalarName } from '../scalar.js';
import { ownOf, type FieldForm, type Message, type Step } from './field-form.js';
import type { Form } from './form.js';
import { scalarForm } from './scalar-form.js';
import { LENGTH_PREFIXED, tagOf } from './wire-type.js';

/** A map is a repeated message of a key and a value, of which the last one with a key wins. */
export function mapField({ id, key }: FieldModel, keyType: ScalarName, value: Form): FieldForm {
  const tag = tagOf(id, LENGTH_PREFIXED);
  const keyForm = scalarForm(keyType);
  const keyTag = tagOf(1, keyForm.wireType);
  const valueTag = tagOf(2, value.wireType);
  const fromText = keyParser(keyType);

  const read: Step['read'] = (wire, out, at, depth) => {
    const { end, group } = wire;
    wire.enterLength();
    let name = String(keyForm.absent(wire, at, depth));
    let member: unknown;
    let isAbsent = true;
    wire.enterField(at, name);
    for (let tag = wire.next(at + 1); tag !== 0; tag = wire.next(at + 1)) {
      if (tag === keyTag) {
        name = String(keyForm.read(wire, undefined, at + 1, depth));
        wire.enterField(at, name);
      } else if (tag === valueTag) {
        member = value.read(wire, value.merges ? member : undefined, at + 1, depth);
        isAbsent = false;
      } else wire.skip(tag, depth);
    }
    if (isAbsent) member = value.absent(wire, at + 1, depth);
    wire.leave(end, group);
    // A closed enum's unknown number makes the entry an unknown one.
    if (member === undefined) return;
    if (reachesPrototype(name, member)) wire.report.fail(at + 1, HARMLESS_KEY, name);
    let map = ownOf(out, key) as Message | undefined;
    if (map === undefined) setOwn(out, key, (map = {}));
    setOwn(map, name, member);
  };

  return {
    id,
    key,
    steps: new Map([[tag, { key, read }]]),
    write(writer, map) {
      const members = map as Message;
      // Sorted, so that equal maps are equal bytes.
      for (const name of Object.keys(members).sort()) {
        writer.varint32(tag);
        const start = writer.begin();
        writer.varint32(keyTag);
        keyForm.write(writer, fromText(name));
        writer.varint32(valueTag);
        value.write(writer, members[name]);
        writer.end(start);
      }
    },
  };
}

/** Keys are text in JSON, whatever their type. */
function keyParser(type: ScalarName): (text: string) => unknown {
  if (type === 'bool') return (text) => text === 'true';
  const isShort = type in INTEGERS && !INTEGERS[type as keyof typeof INTEGERS].long;
  return isShort ? Number : (text) => text;
}
