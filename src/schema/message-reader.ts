import { quote } from '../json/index.js';
import type { FieldModel, MessageModel } from './model.js';
import { isRecord } from './record.js';
import { MAX_DEPTH, setOwn, type Reader, type Report } from './report.js';

/** Reads a message; with `typeUrl`, one that stands in an Any beside its `@type`. */
export type MessageReader = (
  value: unknown,
  report: Report,
  at: number,
  depth: number,
  typeUrl?: string,
) => unknown;

interface Spelling {
  readonly field: FieldModel;
  readonly read: Reader;
  /** The spellings that a client must not have used beside this one. */
  readonly earlier: readonly string[];
  /** Null is a value of google.protobuf.Value and NullValue, and absence everywhere else. */
  readonly nullable: boolean;
}

const NAMES_SHOWN = 8;

export function messageReader(model: MessageModel): {
  reader: MessageReader;
  setFields(readers: readonly Reader[]): void;
} {
  const spellings = new Map<string, Spelling>();
  const mustBeInAny = model.fields.filter(cannotBeEncodedWhenAbsent);
  let unknownField = '';

  const readMessage: MessageReader = (value, report, at, depth, typeUrl) => {
    if (depth > MAX_DEPTH) return report.tooDeep(at);
    if (!isRecord(value, report)) return report.fail(at, `an object (${model.name})`, value);
    const out: Record<string, unknown> = typeUrl === undefined ? {} : { '@type': typeUrl };
    let oneofs: Map<string, string> | undefined;

    const keys = Object.keys(value);
    report.members += keys.length;
    for (const key of keys) {
      const item = (value as Record<string, unknown>)[key];
      if (item === undefined) continue;
      if (key === '@type' && typeUrl !== undefined) continue;
      report.path[at] = key;
      const spelling = spellings.get(key);
      if (spelling === undefined) {
        report.refuse(at + 1, unknownField);
        continue;
      }
      for (const other of spelling.earlier) {
        if (isPresent(value, other)) {
          report.refuse(at + 1, `expected one spelling of the field, got ${quote(other)} as well`);
        }
      }
      if (item === null && !spelling.nullable) continue;

      const { field } = spelling;
      if (field.oneof !== undefined) {
        const first = oneofs?.get(field.oneof);
        // The field itself, in its other spelling, has been reported.
        if (first !== undefined && spellings.get(first)?.field !== field) {
          report.refuse(
            at + 1,
            `expected one field of oneof ${field.oneof} at most, got ${quote(first)} as well`,
          );
        }
        (oneofs ??= new Map()).set(field.oneof, key);
      }
      setOwn(out, field.key, spelling.read(item, report, at + 1, depth + 1));
    }
    if (report.anyDepth >= 0) refuseAbsent(mustBeInAny, out, report, at);
    return out;
  };

  const setFields = (readers: readonly Reader[]): void => {
    unknownField = expectKnownField(model);
    model.fields.forEach((field, i) => {
      field.spellings.forEach((spelling, rank) => {
        spellings.set(spelling, {
          field,
          read: readers[i] as Reader,
          earlier: field.spellings.slice(0, rank),
          nullable: field.rule === 'single' && isNullable(field),
        });
      });
    });
  };
  return { reader: readMessage, setFields };
}

function isPresent(value: object, key: string): boolean {
  return Object.hasOwn(value, key) && (value as Record<string, unknown>)[key] !== undefined;
}

export function isNullable({ value }: FieldModel): boolean {
  return value.kind === 'value' || (value.kind === 'enum' && value.enum.isNull);
}

/**
 * Required fields of proto2 may be absent in JSON, as in the reference. In an Any the reference
 * encodes the message, which fails where an absent required field has no encoding.
 */
export function cannotBeEncodedWhenAbsent({ required, rule, value }: FieldModel): boolean {
  if (!required || rule !== 'single' || value.kind === 'enum') return false;
  return value.kind !== 'scalar' || /string|bytes|64/.test(value.type);
}

function refuseAbsent(
  fields: readonly FieldModel[],
  out: Record<string, unknown>,
  report: Report,
  at: number,
): void {
  for (const { key } of fields) {
    if (!Object.hasOwn(out, key))
      report.refuse(at, `expected the required field ${quote(key)}, got none`);
  }
}

function expectKnownField({ name, fields }: MessageModel): string {
  if (fields.length === 0) return `expected no fields in ${name}, got an unknown field`;
  const shown = fields.slice(0, NAMES_SHOWN).map((field) => quote(field.key));
  const more = fields.length > NAMES_SHOWN ? ', …' : '';
  return `expected a field of ${name} (${shown.join(', ')}${more}), got an unknown field`;
}
