import type { Metadata } from '@grpc/grpc-js';
import type { PredictContext } from '../execution/index.js';

/**
 * Metadata as a handler sees headers: what stands several times is joined, as in HTTP; what is binary
 * (`…-bin`) is a Buffer, or several.
 */
export function headersOf(metadata: Metadata): PredictContext['headers'] {
  const headers: Record<string, unknown> = Object.create(null);
  for (const [name, first] of Object.entries(metadata.getMap())) {
    const values = metadata.get(name);
    headers[name] = values.length === 1 ? first : joined(values);
  }
  return headers as PredictContext['headers'];
}

function joined(values: readonly (string | Buffer)[]): unknown {
  return typeof values[0] === 'string' ? values.join(', ') : values;
}
