import { isDeepStrictEqual } from 'node:util';
import type { InferenceSession, Tensor } from 'onnxruntime-node';
import type { ModelInput } from './model-input.js';
import type { Session } from './session.js';
import { sizeOf } from './shape.js';

type Dims = Readonly<Record<string, readonly number[]>>;

// What open dimensions other than rows are in a run: enough for a kernel over a sequence, and for a
// network that halves images five times. Neither is a number of rows.
const OTHER_SIZES = [4, 64];
// More elements than this are not worth a proof.
const MAX_ELEMENTS = 2 ** 24;
const FATAL_ONLY = { logSeverityLevel: 4 } as const;

/**
 * Whether runs of zeros with 2 and with 3 rows show that every output has one row for each of
 * `rowInputs`, and that these have to agree about their number. A run that fails proves nothing.
 */
export async function provedByRuns(
  session: Session,
  inputs: readonly ModelInput[],
  rowInputs: ReadonlySet<ModelInput>,
  outputs: readonly InferenceSession.TensorValueMetadata[],
): Promise<boolean> {
  const names = outputs.map(({ name }) => name);
  const dimensions = rowDimensions(rowInputs);
  for (const other of OTHER_SIZES) {
    const run = (rows: (dimension: string | ModelInput) => number) =>
      zeroRun(session, inputs, rowInputs, names, rows, other);
    const [two, three] = [await run(() => 2), await run(() => 3)];
    if (!two || !three) continue;
    if (!names.every((name) => countsRows(two[name]!, three[name]!))) return false;
    // Where the model takes another number of rows here than there, they are not the same rows.
    for (const odd of dimensions.slice(1)) {
      if (await run((dimension) => (dimension === odd ? 3 : 2))) return false;
    }
    return true;
  }
  return false;
}

/** The first dimensions of the inputs: those of one name are one, those without are one each. */
function rowDimensions(rowInputs: ReadonlySet<ModelInput>): (string | ModelInput)[] {
  return [...new Set([...rowInputs].map(rowDimension))];
}

function rowDimension(input: ModelInput): string | ModelInput {
  return (input.shape?.[0] as string | undefined) || input;
}

/** Whether the outputs of two and of three rows differ in their first dimension as the rows do. */
function countsRows(two: readonly number[], three: readonly number[]): boolean {
  const grown = [two[0]! + 1, ...two.slice(1)];
  return two[0] === 2 && isDeepStrictEqual(grown, [...three]);
}

/** The dimensions of the outputs; undefined if the run fails. */
async function zeroRun(
  session: Session,
  inputs: readonly ModelInput[],
  rowInputs: ReadonlySet<ModelInput>,
  outputs: readonly string[],
  rows: (dimension: string | ModelInput) => number,
  other: number,
): Promise<Dims | undefined> {
  const feeds: Record<string, Tensor> = {};
  try {
    for (const input of inputs) {
      if (input.shape === undefined) return undefined;
      const dims = input.shape.map((size, i) => {
        if (i === 0 && rowInputs.has(input)) return rows(rowDimension(input));
        return typeof size === 'number' ? size : other;
      });
      if (sizeOf(dims) > MAX_ELEMENTS) return undefined;
      feeds[input.name] = input.wrap(input.allocate(sizeOf(dims)), dims);
    }
    const result = (await session.run(feeds, outputs, FATAL_ONLY)) as Record<string, Tensor>;
    return Object.fromEntries(Object.entries(result).map(([name, { dims }]) => [name, dims]));
  } catch {
    return undefined;
  }
}
