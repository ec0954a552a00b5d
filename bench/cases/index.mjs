import * as pipeline from './pipeline.mjs';
import * as alternatives from './alternatives.mjs';
import * as batching from './batching.mjs';
import * as latency from './latency.mjs';
import * as validation from './validation.mjs';
import * as overload from './overload.mjs';
import * as storm from './storm.mjs';
import * as threads from './threads.mjs';
import * as start from './start.mjs';
import * as soak from './soak.mjs';
import * as workers from './workers.mjs';
import * as onnxThreads from './onnx-threads.mjs';
import * as grpc from './grpc.mjs';

/**
 * The groups of cases, in the order of the table.
 *
 * @type {{ ids: string[], title: string, run(wanted: (id: string) => boolean): Promise<import('../harness/row.mjs').Row[]> }[]}
 */
export const CASES = [
  pipeline,
  alternatives,
  batching,
  overload,
  storm,
  latency,
  validation,
  start,
  threads,
  soak,
  workers,
  onnxThreads,
  grpc,
];
