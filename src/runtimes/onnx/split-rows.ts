import type { Tensor } from 'onnxruntime-node';
import type { Outputs, Rows } from './tensor-like.js';

/** Cuts the outputs of a batch into its rows, without copying numbers. */
export function splitRows<O extends Record<string, Tensor.Type>>(
  outputs: Outputs<O>,
  rows: number,
): Rows<O>[] {
  const split = Array.from({ length: rows }, () => ({}) as Record<string, Tensor.DataType>);
  for (const [name, { data, dims }] of Object.entries(outputs as Record<string, Tensor>)) {
    if (dims[0] !== rows) {
      throw new Error(
        `Output "${name}": expected one row for each of the ${rows} in the batch, got shape [${dims.join(', ')}]`,
      );
    }
    const size = data.length / rows;
    split.forEach((row, i) => {
      const [start, end] = [i * size, (i + 1) * size];
      row[name] = Array.isArray(data) ? data.slice(start, end) : data.subarray(start, end);
    });
  }
  return split as Rows<O>[];
}
