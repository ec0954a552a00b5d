import type { EnumModel } from '../model.js';
import type { Form } from './form.js';
import { writeInt32 } from './scalar-form.js';
import { VARINT } from './wire-type.js';

export function enumForm({ numbers, spellings, closed }: EnumModel): Form {
  // A closed enum's default is the first of its values, which need not be 0.
  const first = closed ? (spellings.keys().next().value ?? 0) : 0;
  const numberOf = (value: unknown) =>
    typeof value === 'string' ? (numbers.get(value) ?? 0) : ((value as number | null) ?? 0);
  return {
    wireType: VARINT,
    read(wire) {
      const number = wire.varint32();
      const spelling = spellings.get(number);
      return spelling === undefined && !closed ? number : spelling;
    },
    write: (writer, value) => writeInt32(writer, numberOf(value)),
    absent: () => spellings.get(first) ?? (spellings.has(first) ? null : first),
    isDefault: (value) => numberOf(value) === 0,
  };
}
