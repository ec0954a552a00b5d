import type { Tensor } from 'onnxruntime-node';
import type { Store } from './element-kind.js';
import type { Item, ItemReader } from './item-reader.js';
import { sizeOf } from './shape.js';
import type { OnnxFeeds } from './signature.js';

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
  readonly #reader: ItemReader;
  readonly #rowsPerRun: number;
  readonly #items: [Item, ...Item[]];

  constructor(reader: ItemReader, rowsPerRun: number, first: Item) {
    this.#reader = reader;
    this.#rowsPerRun = rowsPerRun;
    this.#items = [first];
  }

  add(item: Item): void {
    this.#items.push(item);
  }

  /** Whether an item surely belongs here: most are of the same shapes as the one before. */
  takes({ rowDims, whole }: Item): boolean {
    const [first] = this.#items;
    return whole.length === 0 && rowDims.every((dims, i) => isSame(dims, first.rowDims[i]!));
  }

  /** The runs of this group. An item whose elements do not fit is refused, and in none of them. */
  *runs(refuse: (item: number, error: unknown) => void): Generator<GroupRun> {
    const size = Math.min(this.#rowsPerRun, this.#items.length);
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
    const rowsPerRun = this.#rowsPerRun;
    const [{ rowDims, whole }] = this.#items;
    const capacity = Number.isFinite(rowsPerRun) ? rowsPerRun : items.length;
    const stacks = this.#reader.rowInputs.map((input, i) => {
      const dims = rowDims[i]!;
      const size = sizeOf(dims);
      return { input, dims, size, store: input.allocate(capacity * size) };
    });
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
    this.#reader.wholeInputs.forEach(({ name }, i) => (feeds[name] = whole[i]!));
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
  reader: ItemReader,
  rowsPerRun: number,
  items: readonly OnnxFeeds[],
  refuse: (item: number, error: unknown) => void,
): Iterable<ItemGroup> {
  const groups = new Map<unknown, ItemGroup>();
  const apart = rowsPerRun === 1;
  let last: ItemGroup | undefined;
  items.forEach((feeds, index) => {
    try {
      const item = reader.read(index, feeds);
      if (!apart && last?.takes(item)) return last.add(item);
      const key = apart ? index : groupKey(item);
      const known = groups.get(key);
      known?.add(item);
      last = known ?? new ItemGroup(reader, rowsPerRun, item);
      groups.set(key, last);
    } catch (error) {
      refuse(index, error);
    }
  });
  return groups.values();
}

/** The same for items that can share a run. */
function groupKey({ rowDims, whole }: Item): string {
  let key = '';
  for (const dims of rowDims) key += `${dims.join()};`;
  for (const { data, dims } of whole) key += `${dims.join()};${contents(data)};`;
  return key;
}

function isSame(dims: readonly number[], others: readonly number[]): boolean {
  return dims.length === others.length && dims.every((size, i) => size === others[i]);
}

/** All elements of a tensor, told apart as their bits are. */
function contents(data: Tensor.DataType): string {
  if (Array.isArray(data)) return JSON.stringify(data);
  const { buffer, byteOffset, byteLength } = data as Uint8Array;
  return Buffer.from(buffer, byteOffset, byteLength).toString('latin1');
}
