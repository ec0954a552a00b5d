import type { ValueModel } from '../model.js';
import type { JsonSchema } from './json-schema.js';
import { SchemaWriter } from './schema-writer.js';
import { toTarget, type JsonSchemaTarget } from './target.js';
import type { Wording } from './wording.js';

export type { JsonSchema } from './json-schema.js';
export { TARGETS, type JsonSchemaTarget } from './target.js';
export type { Wording } from './wording.js';

export function jsonSchemaOf(
  model: ValueModel,
  wording: Wording,
  target: JsonSchemaTarget = 'draft-2020-12',
): JsonSchema {
  return toTarget(new SchemaWriter(wording).write(model), target, wording.direction);
}
