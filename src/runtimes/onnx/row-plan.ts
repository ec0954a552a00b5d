import type { InferenceSession } from 'onnxruntime-node';
import type { ModelInput, OpenDimensions } from './model-input.js';
import { provedByRuns } from './row-proof.js';
import type { Session } from './session.js';
import { shown, type Shape } from './shape.js';

type Output = InferenceSession.TensorValueMetadata;

/** How items become runs of a model. */
export interface RowPlan {
  /** The inputs that give an item one row each; it gives the others whole. */
  readonly rowInputs: ReadonlySet<ModelInput>;
  /**
   * The rows of one run: exactly as many, or as many as there are where it is infinite. Items run
   * apart where it is 1.
   */
  readonly rowsPerRun: number;
  /** Whether the outputs' rows are the user's word, so that an output without them is an error. */
  readonly asserted: boolean;
}

/** Why a model cannot run items. */
export interface NoRows {
  readonly refusal: string;
}

/** The shape of one item's part of an input. */
export function itemShape(input: ModelInput, { rowInputs }: RowPlan): Shape | undefined {
  return rowInputs.has(input) ? input.shape?.slice(1) : input.shape;
}

/** The dimensions that all inputs of one item share before any has been read. */
export function itemDimensions({ rowInputs, rowsPerRun }: RowPlan): OpenDimensions {
  const names = rowsPerRun === 1 ? [...rowInputs].map(rowName) : [];
  return new Map(names.filter((name) => name !== '').map((name) => [name, 1]));
}

/** @param rows The user's word that first dimensions count rows. */
export async function planRows(
  session: Session,
  inputs: readonly ModelInput[],
  outputs: readonly Output[],
  rows: boolean,
): Promise<RowPlan | NoRows> {
  // Rows of an input of unknown rank can be run one by one, which is as before the rank was lost.
  const open = inputs.filter(({ shape }) => shape === undefined || typeof shape[0] === 'string');
  if (open.length === 0) return planFixedRows(inputs, outputs, rows);
  if (rows) return { rowInputs: new Set(open), rowsPerRun: Infinity, asserted: true };

  const candidates = [open];
  const name = batchName(open, outputs);
  const named = open.filter((input) => name !== undefined && rowName(input) === name);
  if (named.length > 0 && named.length < open.length) candidates.push(named);
  for (const candidate of candidates) {
    const rowInputs = new Set(candidate);
    if (standElsewhere(inputs, rowInputs)) continue;
    if (
      provedByName(candidate, outputs) ||
      (await provedByRuns(session, inputs, rowInputs, outputs))
    ) {
      return { rowInputs, rowsPerRun: Infinity, asserted: false };
    }
  }
  return { rowInputs: new Set(candidates.at(-1)), rowsPerRun: 1, asserted: false };
}

function planFixedRows(
  inputs: readonly ModelInput[],
  outputs: readonly Output[],
  rows: boolean,
): RowPlan | NoRows {
  const sized = inputs.filter(({ shape }) => shape!.length > 0);
  const single = sized.filter(({ shape }) => shape![0] === 1);
  const several = sized.filter(({ shape }) => shape![0] !== 1);
  if (several.length > 0 && rows) {
    const size = several[0]!.shape![0] as number;
    const other =
      several.find(({ shape }) => shape![0] !== size) ??
      outputs.find(({ shape }) => typeof shape[0] === 'number' && shape[0] !== size);
    if (size === 0 || other !== undefined) {
      const beside = other ? `, and "${other.name}" ${shown(other.shape!)} beside it` : '';
      return {
        refusal: `rows: true says that first dimensions count rows, but the model has ${several[0]!}${beside}`,
      };
    }
    return { rowInputs: new Set(several), rowsPerRun: size, asserted: true };
  }
  if (several.length > 0 && single.length === 0) {
    return {
      refusal: `runBatch needs inputs whose first dimension is open or 1, got ${several[0]!}; the option rows: true says that those are rows`,
    };
  }
  return { rowInputs: new Set(single), rowsPerRun: 1, asserted: false };
}

/** The name of the first dimension of an input of rows, empty if it has none. */
function rowName({ shape }: ModelInput): string {
  return (shape?.[0] ?? '') as string;
}

/** The one name that begins both inputs and outputs, if there is one. */
function batchName(open: readonly ModelInput[], outputs: readonly Output[]): string | undefined {
  const begun = new Set(outputs.map(({ shape }) => shape[0]));
  const names = new Set(open.map(rowName).filter((name) => name !== '' && begun.has(name)));
  return names.size === 1 ? [...names][0] : undefined;
}

/** Whether the number of rows is also the size of something else, which one row alone cannot fill. */
function standElsewhere(
  inputs: readonly ModelInput[],
  rowInputs: ReadonlySet<ModelInput>,
): boolean {
  const names = new Set<number | string>([...rowInputs].map(rowName).filter((name) => name !== ''));
  return inputs.some((input) =>
    (rowInputs.has(input) ? input.shape?.slice(1) : input.shape)?.some((size) => names.has(size)),
  );
}

/** Whether all of these inputs and every output begin with the same name, which stands nowhere else. */
function provedByName(rowInputs: readonly ModelInput[], outputs: readonly Output[]): boolean {
  const name = rowName(rowInputs[0]!);
  return (
    name !== '' &&
    rowInputs.every((input) => rowName(input) === name) &&
    outputs.every(({ shape: [first, ...rest] }) => first === name && !rest.includes(name))
  );
}
