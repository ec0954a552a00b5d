import type { Tensor } from 'onnxruntime-node';
import type { Store } from './element-kind.js';
import type { ModelInput } from './model-input.js';
import { itemDimensions, itemShape, type RowPlan } from './row-plan.js';
import { sizeOf } from './shape.js';
import type { OnnxFeeds, Signature } from './signature.js';

/** One item, checked but for its elements. */
interface Item {
  /** Its place among the items. */
  readonly index: number;
  readonly feeds: OnnxFeeds;
}

/** What one run takes. */
export interface GroupRun {
  readonly feeds: Record<string, Tensor>;
  /** Those of the feeds that no other run takes. */
  readonly own: ReadonlySet<Tensor>;
  /** The item of each row. */
  readonly items: readonly number[];
  /** The rows of the run: more than items, if the model takes only so many. */
  readonly rows: number;
}

/** Items that can share runs: their rows are of the same shapes, and what they give whole is equal. */
export class ItemGroup {
  readonly #plan: RowPlan;
  readonly #rowDims: ReadonlyMap<ModelInput, readonly number[]>;
  readonly #whole: ReadonlyMap<ModelInput, Tensor>;
  readonly #items: Item[] = [];

  constructor(
    plan: RowPlan,
    rowDims: ReadonlyMap<ModelInput, readonly number[]>,
    whole: ReadonlyMap<ModelInput, Tensor>,
  ) {
    this.#plan = plan;
    this.#rowDims = rowDims;
    this.#whole = whole;
  }

  add(item: Item): void {
    this.#items.push(item);
  }

  /** The runs of this group. An item whose elements do not fit is refused, and in none of them. */
  *runs(refuse: (item: number, error: unknown) => void): Generator<GroupRun> {
    const size = Math.min(this.#plan.rowsPerRun, this.#items.length);
    for (let start = 0; start < this.#items.length; start += size) {
      const run = this.#stack(this.#items.slice(start, start + size), refuse);
      if (run) yield run;
    }
  }

  /** Writes the rows of items one after another into the memory of one `[rows, …]` tensor an input. */
  #stack(
    items: readonly Item[],
    refuse: (item: number, error: unknown) => void,
  ): GroupRun | undefined {
    const { rowsPerRun } = this.#plan;
    const capacity = Number.isFinite(rowsPerRun) ? rowsPerRun : items.length;
    const stacks = [...this.#rowDims].map(([input, dims]) => ({
      input,
      dims,
      size: sizeOf(dims),
      store: input.allocate(capacity * sizeOf(dims)),
    }));
    const written: number[] = [];
    for (const { index, feeds } of items) {
      try {
        // Over what a refused item may have left there.
        const slot = written.length;
        for (const { input, size, store } of stacks) {
          input.write(feeds[input.name]!, store, slot * size);
        }
        written.push(index);
      } catch (error) {
        refuse(index, error);
      }
    }
    if (written.length === 0) return undefined;
    const rows = Number.isFinite(rowsPerRun) ? rowsPerRun : written.length;
    const feeds: Record<string, Tensor> = {};
    for (const { input, dims, size, store } of stacks) {
      pad(store, size, written.length, rows);
      feeds[input.name] = input.wrap(cut(store, rows * size), [rows, ...dims]);
    }
    const own = new Set(Object.values(feeds));
    for (const [input, tensor] of this.#whole) feeds[input.name] = tensor;
    return { feeds, own, items: written, rows };
  }
}

/** Fills up the rows of a run with the last of the given ones, which the model is known to take. */
function pad(store: Store, size: number, given: number, rows: number): void {
  for (let row = given; row < rows; row++) {
    store.copyWithin(row * size, (given - 1) * size, given * size);
  }
}

function cut(store: Store, length: number): Store {
  if (store.length === length) return store;
  return Array.isArray(store) ? store.slice(0, length) : store.subarray(0, length);
}

/** Sorts items into groups; one that does not fit the model is refused, and in none of them. */
export function groupItems(
  signature: Signature,
  plan: RowPlan,
  items: readonly OnnxFeeds[],
  refuse: (item: number, error: unknown) => void,
): Iterable<ItemGroup> {
  const groups = new Map<unknown, ItemGroup>();
  items.forEach((feeds, index) => {
    try {
      signature.check(feeds);
      const open = itemDimensions(plan);
      const rowDims = new Map<ModelInput, readonly number[]>();
      const whole = new Map<ModelInput, Tensor>();
      for (const input of signature.inputs) {
        const value = feeds[input.name]!;
        if (plan.rowInputs.has(input)) {
          rowDims.set(input, input.dims(value, itemShape(input, plan), open));
        } else {
          whole.set(input, input.tensor(value, open));
        }
      }
      const key = plan.rowsPerRun === 1 ? index : groupKey(rowDims, whole);
      let group = groups.get(key);
      if (group === undefined) groups.set(key, (group = new ItemGroup(plan, rowDims, whole)));
      group.add({ index, feeds });
    } catch (error) {
      refuse(index, error);
    }
  });
  return groups.values();
}

/** The same for items that can share a run. */
function groupKey(
  rowDims: ReadonlyMap<ModelInput, readonly number[]>,
  whole: ReadonlyMap<ModelInput, Tensor>,
): string {
  let key = '';
  for (const dims of rowDims.values()) key += `${dims.join()};`;
  for (const { data, dims } of whole.values()) key += `${dims.join()};${contents(data)};`;
  return key;
}

/** All elements of a tensor, told apart as their bits are. */
function contents(data: Tensor.DataType): string {
  if (Array.isArray(data)) return JSON.stringify(data);
  const { buffer, byteOffset, byteLength } = data as Uint8Array;
  return Buffer.from(buffer, byteOffset, byteLength).toString('latin1');
}
