import { isDeepStrictEqual } from 'node:util';
import type { InferenceSession, Tensor } from 'onnxruntime-node';
import type { ModelInput } from './model-input.js';
import { splitRows } from './item-rows.js';
import type { Session } from './session.js';
import { sizeOf } from './shape.js';

// Rows of a trial: zeros, and two that differ from them and from each other.
const ZERO = 0;
const ONE = 1;
const OTHER = 2;
type Sample = typeof ZERO | typeof ONE | typeof OTHER;

// What open dimensions other than rows are in a trial: enough for a kernel over a sequence, and for
// a network that halves images five times. Neither is a number of rows.
const OTHER_SIZES = [4, 64];
// More elements than this are not worth a proof.
const MAX_ELEMENTS = 2 ** 24;
// Kernels may add up in another order for another number of rows.
const TOLERANCE = 1e-3;
const FATAL_ONLY = { logSeverityLevel: 4 } as const;

/**
 * Whether trial runs show that every output has one row for each of `rowInputs`, and that these
 * have to agree about their number: runs of zeros with 2 and with 3 rows for the sizes, then some of
 * unequal rows, in which a row may not change with its neighbour. A run that fails proves nothing.
 */
export async function provedByRuns(
  session: Session,
  inputs: readonly ModelInput[],
  rowInputs: ReadonlySet<ModelInput>,
  outputs: readonly InferenceSession.TensorValueMetadata[],
): Promise<boolean> {
  // A number may be an axis: what holds for one value need not for another.
  if (inputs.some((input) => !rowInputs.has(input) && isInteger(input))) return false;
  const names = outputs.map(({ name }) => name);
  const dimensions = [...new Set([...rowInputs].map(rowDimension))];
  for (const size of OTHER_SIZES) {
    const run = (samples: Sample[], longer?: RowDimension) =>
      trial(session, inputs, rowInputs, names, samples, size, longer);
    const [two, three] = [await run([ZERO, ZERO]), await run([ZERO, ZERO, ZERO])];
    if (!two || !three) continue;
    if (!names.every((name) => countsRows(two[name]!.dims, three[name]!.dims))) return false;
    // Where the model takes another number of rows here than there, they are not the same rows.
    for (const dimension of dimensions.slice(1)) {
      if (await run([ZERO, ZERO], dimension)) return false;
    }
    const alike = await run([ONE, ONE]);
    const first = await run([ONE, OTHER]);
    const second = await run([OTHER, ONE]);
    return !alike || !first || !second || standAlone(alike, first, second);
  }
  return false;
}

/** The name of a first dimension; one without is a dimension of its own. */
type RowDimension = string | ModelInput;

function rowDimension(input: ModelInput): RowDimension {
  return (input.shape?.[0] as string | undefined) || input;
}

/** Whether the outputs of two and of three rows differ in their first dimension as the rows do. */
function countsRows(two: readonly number[], three: readonly number[]): boolean {
  return two[0] === 2 && isDeepStrictEqual([3, ...two.slice(1)], [...three]);
}

/** Whether the same row gives the same, in either place and beside whatever row. */
function standAlone(alike: Tensors, first: Tensors, second: Tensors): boolean {
  const [expected, twin] = splitRows(alike, 2, 2);
  const rows = [twin, splitRows(first, 2, 2)[0], splitRows(second, 2, 2)[1]];
  return Object.entries(expected!).every(([name, row]) =>
    rows.every((other) => same(row, other![name]!)),
  );
}

function same(a: ArrayLike<unknown>, b: ArrayLike<unknown>): boolean {
  return Array.prototype.every.call(a, (x: unknown, i) => {
    const y = b[i];
    if (typeof x !== 'number' || typeof y !== 'number') return x === y;
    return Object.is(x, y) || Math.abs(x - y) <= TOLERANCE * (1 + Math.abs(x));
  });
}

type Tensors = Record<string, Tensor>;

/** The outputs of a run of such rows; undefined if it fails. Of `longer` there is one row more. */
async function trial(
  session: Session,
  inputs: readonly ModelInput[],
  rowInputs: ReadonlySet<ModelInput>,
  outputs: readonly string[],
  samples: readonly Sample[],
  otherSize: number,
  longer?: RowDimension,
): Promise<Tensors | undefined> {
  const feeds: Tensors = {};
  try {
    for (const input of inputs) {
      if (input.shape === undefined) return undefined;
      const sizes = input.shape.map((size) => (typeof size === 'number' ? size : otherSize));
      const rows: readonly Sample[] = rowDimension(input) === longer ? [...samples, ZERO] : samples;
      feeds[input.name] = rowInputs.has(input)
        ? stacked(input, rows, sizes.slice(1))
        : filled(input, sizes);
    }
    return (await session.run(feeds, outputs, FATAL_ONLY)) as Tensors;
  } catch {
    return undefined;
  }
}

function stacked(input: ModelInput, samples: readonly Sample[], dims: readonly number[]): Tensor {
  const size = bounded(samples.length * sizeOf(dims)) / samples.length;
  const store = input.allocate(samples.length * size);
  samples.forEach((sample, row) => {
    if (sample === ZERO) return;
    const values = Array.from({ length: size }, (_, i) => element(input, sample, i));
    input.write(values, store, row * size);
  });
  return input.wrap(store, [samples.length, ...dims]);
}

/** An input without rows; as a factor, 0 would hide what the rows do. */
function filled(input: ModelInput, dims: readonly number[]): Tensor {
  const store = input.allocate(bounded(sizeOf(dims)));
  if (isFloating(input))
    input.write(
      Array.from({ length: store.length }, () => 1),
      store,
      0,
    );
  return input.wrap(store, dims);
}

function bounded(elements: number): number {
  if (elements > MAX_ELEMENTS) throw new RangeError('too many elements for a trial');
  return elements;
}

/** Small and positive, so that few functions are undefined there; integers may be indexes. */
function element(input: ModelInput, sample: Sample, i: number): number | boolean | string {
  if (isFloating(input)) return (1 + ((i * 5 + sample * 3) % 7)) / 8;
  const bit = (i % 3 === 2) === (sample === OTHER);
  if (input.type === 'string') return bit ? 'a' : 'b';
  return input.type === 'bool' ? bit : Number(bit);
}

function isFloating({ type }: ModelInput): boolean {
  return type.startsWith('float');
}

function isInteger({ type }: ModelInput): boolean {
  return type.includes('int');
}
