import type { Tensor } from 'onnxruntime-node';
import { groupItems, type GroupRun } from './item-group.js';
import { ItemReader } from './item-reader.js';
import { outputWithoutRows, splitRows, type ItemRows } from './item-rows.js';
import type { RowPlan } from './row-plan.js';
import { shown } from './shape.js';
import type { OnnxFeeds, Signature } from './signature.js';

type Run = (groupRun: GroupRun) => Promise<Record<string, Tensor>>;

/** Runs items through a model as its plan says. */
export class ItemRunner {
  readonly #signature: Signature;
  #plan: RowPlan;
  #reader: ItemReader;

  constructor(signature: Signature, plan: RowPlan) {
    this.#signature = signature;
    this.#plan = plan;
    this.#reader = new ItemReader(signature, plan);
  }

  /**
   * @returns Results in the items' order; what does not fit the model, as `refusal` of its error.
   * @throws What a run throws that items shared, so that its caller may run them apart.
   */
  async runAll(
    items: readonly OnnxFeeds[],
    run: Run,
    refusal: (error: unknown) => Error,
    signal?: AbortSignal,
  ): Promise<(ItemRows | Error)[]> {
    const results: (ItemRows | Error)[] = Array.from({ length: items.length });
    const refuse = (item: number, error: unknown) => (results[item] = refusal(error));
    const { rowsPerRun } = this.#plan;
    for (const group of groupItems(this.#reader, rowsPerRun, items, refuse)) {
      for (const groupRun of group.runs(refuse)) {
        const members = groupRun.items;
        const rows =
          rowsPerRun === 1
            ? [await this.#runApart(groupRun, run, signal)]
            : ((await this.#runTogether(groupRun, run)) ??
              (await this.runAll(
                members.map((item) => items[item]!),
                run,
                refusal,
                signal,
              )));
        members.forEach((item, i) => (results[item] = rows[i]!));
      }
    }
    return results;
  }

  /** All that the run of one item gives is the item's. */
  async #runApart(groupRun: GroupRun, run: Run, signal?: AbortSignal): Promise<ItemRows | Error> {
    try {
      return splitRows(await run(groupRun), 1, 1)[0]!;
    } catch (error) {
      signal?.throwIfAborted();
      return error as Error;
    }
  }

  /** The items' rows; undefined where there are none, and items run apart from now on. */
  async #runTogether(groupRun: GroupRun, run: Run): Promise<ItemRows[] | undefined> {
    const { items, rows } = groupRun;
    const outputs = await run(groupRun);
    const other = outputWithoutRows(outputs, rows);
    if (other === undefined) return splitRows(outputs, rows, items.length);
    if (this.#plan.asserted) {
      throw new Error(
        `Output "${other}": expected one row for each of the ${rows} in the run, as rows: true says, got shape ${shown(outputs[other]!.dims)}`,
      );
    }
    this.#plan = { ...this.#plan, rowsPerRun: 1 };
    this.#reader = new ItemReader(this.#signature, this.#plan);
    return undefined;
  }
}
