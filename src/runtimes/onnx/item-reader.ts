import type { Tensor } from 'onnxruntime-node';
import type { ModelInput, OpenDimensions } from './model-input.js';
import { itemDimensions, itemShape, type RowPlan } from './row-plan.js';
import type { Shape } from './shape.js';
import type { OnnxFeeds, Signature } from './signature.js';

/** One item, checked but for its elements. */
export interface Item {
  /** Its place among the items. */
  readonly index: number;
  readonly feeds: OnnxFeeds;
  /** The dimensions of its row of each input that has rows. */
  readonly rowDims: readonly (readonly number[])[];
  /** What it gives whole, for each of the other inputs. */
  readonly whole: readonly Tensor[];
}

interface ItemInput {
  readonly input: ModelInput;
  /** What one item has to fit. */
  readonly shape: Shape | undefined;
  readonly hasRows: boolean;
}

/** Reads items as a plan says; what is the same for all of them is looked up once. */
export class ItemReader {
  /** In this order are an item's `rowDims`. */
  readonly rowInputs: readonly ModelInput[];
  /** In this order is what an item gives whole. */
  readonly wholeInputs: readonly ModelInput[];
  readonly #signature: Signature;
  readonly #inputs: readonly ItemInput[];
  readonly #open: OpenDimensions;
  readonly #hasNames: boolean;

  constructor(signature: Signature, plan: RowPlan) {
    this.#signature = signature;
    this.#inputs = signature.inputs.map((input) => ({
      input,
      shape: itemShape(input, plan),
      hasRows: plan.rowInputs.has(input),
    }));
    this.rowInputs = signature.inputs.filter((input) => plan.rowInputs.has(input));
    this.wholeInputs = signature.inputs.filter((input) => !plan.rowInputs.has(input));
    this.#open = itemDimensions(plan);
    this.#hasNames = this.#inputs.some(({ shape }) => shape?.some((size) => isName(size)));
  }

  /** @throws OnnxInputError for one that does not fit the model */
  read(index: number, feeds: OnnxFeeds): Item {
    this.#signature.check(feeds);
    // Nothing is noted in it where no dimension has a name.
    const open = this.#hasNames ? new Map(this.#open) : this.#open;
    const rowDims: (readonly number[])[] = [];
    const whole: Tensor[] = [];
    for (const { input, shape, hasRows } of this.#inputs) {
      const value = feeds[input.name]!;
      if (hasRows) rowDims.push(input.dims(value, shape, open));
      else whole.push(input.tensor(value, open));
    }
    return { index, feeds, rowDims, whole };
  }
}

function isName(size: number | string): boolean {
  return typeof size === 'string' && size !== '';
}
