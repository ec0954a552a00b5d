import type { StandardJSONSchemaV1, StandardSchemaV1 } from '@standard-schema/spec';
import { jsonSchema, protobufSchema, type ProtobufSchema } from 'nestjs-model-serving';

/** Compiled, never run: what must not compile stands under `@ts-expect-error`. */

interface Request {
  text?: string;
}
interface Response {
  label: string;
}

const schema = protobufSchema<Request, Response>('model.proto');

function take<S extends StandardSchemaV1 & StandardJSONSchemaV1>(
  given: S,
  value: StandardSchemaV1.InferInput<S>,
): StandardSchemaV1.InferOutput<S> | undefined {
  const result = given['~standard'].validate(value);
  if (result instanceof Promise || result.issues) return undefined;
  return result.value as StandardSchemaV1.InferOutput<S>;
}

export const text: string | undefined = take(schema, { text: 'a' })?.text;
export const label: string | undefined = take(schema.response, { label: 'a' })?.label;
export const input: Request = {} satisfies StandardSchemaV1.InferInput<typeof schema>;
export const schemas: object[] = [
  jsonSchema(schema),
  jsonSchema(schema.request, { direction: 'output' }),
  jsonSchema(schema.response, { direction: 'output', target: 'draft-07' }),
];
export const anySchema: ProtobufSchema = schema;

// @ts-expect-error a request of another type
take(schema, { text: 1 });
// @ts-expect-error an answer of another type
take(schema.response, { text: 'a' });
// @ts-expect-error a direction that there is not
jsonSchema(schema, { direction: 'both' });
// @ts-expect-error a target that there is not
jsonSchema(schema, { target: 'draft-04' });
// @ts-expect-error a file
jsonSchema('model.proto');
