import type { Tensor } from 'onnxruntime-node';

/** One item's part of every output: flat values, row-major. */
export type ItemRows = Record<string, Tensor.DataType | boolean[]>;

/** The name of an output that has not one row for each of `rows`, if there is one. */
export function outputWithoutRows(
  outputs: Readonly<Record<string, Tensor>>,
  rows: number,
): string | undefined {
  return Object.keys(outputs).find((name) => outputs[name]!.dims[0] !== rows);
}

/** Cuts the outputs of a run of `rows` into those of its first `items`, without copying numbers. */
export function splitRows(
  outputs: Readonly<Record<string, Tensor>>,
  rows: number,
  items: number,
): ItemRows[] {
  const split = Array.from({ length: items }, (): ItemRows => ({}));
  for (const [name, { type, data }] of Object.entries(outputs)) {
    const size = data.length / rows;
    split.forEach((row, i) => {
      const start = i * size;
      const end = start + size;
      const part = Array.isArray(data) ? data.slice(start, end) : data.subarray(start, end);
      row[name] = type === 'bool' ? Array.from(part as Uint8Array, Boolean) : part;
    });
  }
  return split;
}
