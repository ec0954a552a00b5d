import { setOwn } from '../../src/schema/report.js';

/** A canonical value as the JSON it stands for: its bytes as base64. */
export function asText(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (value instanceof Uint8Array) return Buffer.from(value).toString('base64');
  if (Array.isArray(value)) return value.map(asText);
  const out = {};
  for (const [key, member] of Object.entries(value)) setOwn(out, key, asText(member));
  return out;
}
