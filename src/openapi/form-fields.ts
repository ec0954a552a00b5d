import type { JsonSchema } from '../schema/index.js';
import type { FieldModel, ValueModel } from '../schema/model.js';

/** What parts of a form may hold for a field. */
export interface FormField {
  readonly name: string;
  readonly schema: JsonSchema;
  /** Whether a part is a text of JSON. */
  readonly isJson: boolean;
}

/**
 * The fields of a message as a form fills them. Texts are not what they are in JSON: no part can say null,
 * and numbers have no quotes.
 *
 * @param bytes what stands for the bytes of a field
 * @param inJson the field's schema in JSON
 */
export function formField(
  { key, rule, value, documentation }: FieldModel,
  bytes: JsonSchema,
  inJson: JsonSchema | undefined,
): FormField {
  const plain = rule === 'map' ? undefined : partSchema(value, bytes);
  if (plain === undefined) return { name: key, schema: inJson ?? {}, isJson: true };
  const { comment, deprecated } = documentation ?? {};
  const said = {
    ...(comment !== undefined && { description: comment }),
    ...(deprecated && { deprecated }),
  };
  const schema = rule === 'repeated' ? { type: 'array', items: plain } : plain;
  return { name: key, schema: { ...schema, ...said }, isJson: false };
}

/** `undefined` for a text of JSON. */
function partSchema(model: ValueModel, bytes: JsonSchema): JsonSchema | undefined {
  switch (model.kind) {
    case 'scalar':
      switch (model.type) {
        case 'bytes':
          return bytes;
        case 'string':
          return { type: 'string' };
        case 'bool':
          // Swagger UI would send true where nobody has chosen.
          return { type: 'boolean', default: false };
        case 'double':
        case 'float':
          return { type: 'number' };
        default:
          return { type: 'integer' };
      }
    case 'enum':
      return model.enum.isNull
        ? undefined
        : { type: 'string', enum: [...model.enum.numbers.keys()] };
    case 'wrapper':
      return partSchema(model.value, bytes);
    case 'timestamp':
      return { type: 'string', format: 'date-time' };
    case 'duration':
    case 'fieldMask':
      return { type: 'string' };
    default:
      return undefined;
  }
}
