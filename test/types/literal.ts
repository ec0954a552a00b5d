import { types } from 'node:util';

/** A value as the expression of it in TypeScript. */
export function literal(value: unknown): string {
  if (typeof value === 'bigint') return `${value}n`;
  if (Object.is(value, -0)) return '-0';
  if (typeof value !== 'object' || value === null) return String(JSON.stringify(value) ?? value);
  if (types.isDate(value)) return `new Date(${value.getTime()})`;
  if (types.isTypedArray(value)) {
    const name = Buffer.isBuffer(value) ? 'Uint8Array' : value.constructor.name;
    return `${name}.of(${Array.from<number | bigint>(value as never).map(literal).join(', ')})`;
  }
  if (types.isArrayBuffer(value)) return `new ArrayBuffer(${value.byteLength})`;
  if (types.isDataView(value)) return `new DataView(new ArrayBuffer(${value.byteLength}))`;
  if (Array.isArray(value)) return `[${value.map(literal).join(', ')}]`;
  if (types.isSet(value)) return `new Set([${[...value].map(literal).join(', ')}] as const)`;
  if (types.isMap(value)) return `new Map([${[...value].map(literal).join(', ')}])`;
  const members = Object.entries(value).map(([key, member]) => `[${JSON.stringify(key)}]: ${literal(member)}`);
  return `{ ${members.join(', ')} }`;
} // prettier-ignore
