import type { EnumModel } from '../model.js';
import { INTEGERS } from '../integer.js';
import { NULL, type JsonSchema } from './json-schema.js';
import { documented } from './message-schema.js';
import type { Wording } from './wording.js';

/** The names of an enum, and numbers: of a closed one its own, of an open one any int32. */
export function enumSchema(model: EnumModel, { direction }: Wording): JsonSchema {
  const anyNumber = {
    type: 'integer',
    minimum: Number(INTEGERS.int32.min),
    maximum: Number(INTEGERS.int32.max),
  };
  const known = [...model.spellings.keys()];
  const schemas: JsonSchema[] = [];
  if (direction === 'input') {
    if (model.isNull) schemas.push(NULL);
    schemas.push(namesSchema([...model.numbers.keys()]));
    schemas.push(model.closed ? { type: 'integer', enum: known } : anyNumber);
  } else {
    const names = [...model.spellings.values()].filter((name) => name !== null);
    if (model.isNull) schemas.push(NULL);
    if (names.length > 0) schemas.push(namesSchema(names));
    // Numbers that have a name are given by it.
    if (!model.closed) schemas.push({ ...anyNumber, not: { enum: known } });
  }
  const { comment, deprecated } = model.documentation ?? {};
  const description = [comment, ...valueComments(model)].filter((line) => line !== undefined);
  return {
    title: model.name.replace(/^.*\./, ''),
    ...documented({
      comment: description.length > 0 ? description.join('\n') : undefined,
      deprecated,
    }),
    ...(schemas.length === 1 ? schemas[0] : { anyOf: schemas }),
  };
}

function namesSchema(names: readonly string[]): JsonSchema {
  return { type: 'string', enum: [...new Set(names)] };
}

/** A line for each value of which the file says something. */
function valueComments({ valueDocumentation }: EnumModel): string[] {
  return [...valueDocumentation].map(([name, { comment, deprecated }]) =>
    [
      `- ${name}`,
      deprecated ? ' (deprecated)' : '',
      comment === undefined ? '' : `: ${comment}`,
    ].join(''),
  );
}
