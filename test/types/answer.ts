import type { Enum, Field, Type } from 'protobufjs';
import { extensionName } from '../../src/schema/reflection.js';
import type { Random } from '../schema/random.js';

/** A canonical message in the other forms that a handler may return it in. */
export function answerOf(type: Type, canonical: unknown, random: Random): unknown {
  if (typeof canonical !== 'object' || canonical === null || type.fullName.startsWith('.google.protobuf.')) {
    return wellKnown(type, canonical, random);
  }
  const out: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(canonical)) {
    const field = type.fieldsArray.find((one) => (extensionName(one) ?? one.jsonName ?? one.name) === key || one.name === key);
    define(out, key, field ? answeredField(field, value, random) : value);
  }
  return out;
} // prettier-ignore

function define(out: object, key: string, value: unknown): void {
  Object.defineProperty(out, key, { value, enumerable: true, configurable: true, writable: true });
}

function answeredField(field: Field, value: unknown, random: Random): unknown {
  const one = (item: unknown) => answeredOne(field, item, random);
  if (field.map) {
    const entries = Object.entries(value as object).map(([key, item]) => [key, one(item)] as const);
    const out = {};
    for (const [key, item] of entries) define(out, key, item);
    return out;
  }
  if (!field.repeated) return one(value);
  const list = (value as unknown[]).map(one);
  return list;
}

function answeredOne(field: Field, value: unknown, random: Random): unknown {
  const type = field.resolve().resolvedType;
  if (type && 'valuesById' in type) return answeredEnum(type as Enum, value, random);
  if (type) return answerOf(type as Type, value, random);
  return answeredScalar(field.type, value, random);
}

function answeredEnum(type: Enum, value: unknown, random: Random): unknown {
  if (typeof value !== 'string') return value;
  return random.chance(0.5) ? value : type.values[value];
}

function answeredScalar(type: string, value: unknown, random: Random): unknown {
  if (type === 'bytes') {
    const bytes = value as Buffer;
    return random.pick([bytes, bytes.toString('base64')]);
  }
  if (!type.includes('64')) return value;
  const number = Number(value);
  const forms: unknown[] = [value, BigInt(value as string)];
  return random.pick(Number.isSafeInteger(number) ? [...forms, number] : forms);
}

function wellKnown(type: Type, value: unknown, random: Random): unknown {
  const inner = type.fields['value'];
  if (type.name === 'Timestamp') return random.chance(0.5) ? value : new Date(value as string);
  if (type.name.endsWith('Value') && type.name !== 'Value' && type.name !== 'ListValue' && inner) {
    return answeredScalar(inner.type, value, random);
  }
  return value;
}
