import type { Enum, Field, Type } from 'protobufjs';
import type { Documentation } from './model.js';

export function documentationOf(declared: Type | Field | Enum): Documentation | undefined {
  return documentation(declared.comment, declared.getOption('deprecated'));
}

export function valueDocumentationOf(type: Enum): ReadonlyMap<string, Documentation> {
  const said = new Map<string, Documentation>();
  for (const name of Object.keys(type.values)) {
    const options: unknown = ownOf(type.valuesOptions, name);
    const { deprecated } = (options ?? {}) as { deprecated?: unknown };
    const value = documentation(ownOf(type.comments, name), deprecated);
    if (value) said.set(name, value);
  }
  return said;
}

function documentation(comment: unknown, deprecated: unknown): Documentation | undefined {
  const isText = typeof comment === 'string' && comment !== '';
  if (!isText && deprecated !== true) return undefined;
  return { ...(isText && { comment }), ...(deprecated === true && { deprecated }) };
}

function ownOf(record: Readonly<Record<string, unknown>> | undefined, key: string): unknown {
  return record !== undefined && Object.hasOwn(record, key) ? record[key] : undefined;
}
