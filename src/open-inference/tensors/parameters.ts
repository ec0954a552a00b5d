import type { Path } from '../../json/index.js';
import { unexpected } from './refusal.js';
import type { Parameters } from './tensor.js';

/** Of a tensor: how many bytes its elements are that stand behind the JSON. */
export const BINARY_DATA_SIZE = 'binary_data_size';
/** Of an output that is asked for: whether its elements are to stand there. */
export const BINARY_DATA = 'binary_data';
/** Of a request: whether those of all outputs are that do not say otherwise. */
export const BINARY_DATA_OUTPUT = 'binary_data_output';
/** Of a tensor: {@link BASE64} for BYTES that are so written in JSON. */
export const CONTENT_TYPE = 'content_type';
export const BASE64 = 'base64';

/** @throws {InvalidRequest} for what is no object of strings, numbers and booleans */
export function readParameters(value: unknown, place: Path): Parameters | undefined {
  if (value === undefined || value === null) return undefined;
  const at = [...place, 'parameters'];
  if (typeof value !== 'object' || Array.isArray(value)) throw unexpected(at, 'an object', value);
  // Without a prototype, so that no key of a client's reaches one.
  const parameters: Record<string, string | number | boolean> = Object.create(null);
  for (const [key, parameter] of Object.entries(value)) {
    // Clients write what they leave open as null.
    if (parameter === null) continue;
    if (!isParameter(parameter)) {
      throw unexpected([...at, key], 'a string, a number or a boolean', parameter);
    }
    parameters[key] = parameter;
  }
  return parameters;
}

function isParameter(value: unknown): value is string | number | boolean {
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean';
}

/** @throws {InvalidRequest} where a parameter that says yes or no says neither */
export function checkFlag(parameters: Parameters | undefined, name: string, place: Path): void {
  const flag = parameters?.[name];
  if (flag === undefined || typeof flag === 'boolean') return;
  throw unexpected([...place, 'parameters', name], 'a boolean', flag);
}
