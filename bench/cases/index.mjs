import * as pipeline from './pipeline.mjs';
import * as alternatives from './alternatives.mjs';

/**
 * The groups of cases, in the order of the table.
 *
 * @type {{ ids: string[], title: string, run(wanted: (id: string) => boolean): Promise<import('../harness/row.mjs').Row[]> }[]}
 */
export const CASES = [pipeline, alternatives];
