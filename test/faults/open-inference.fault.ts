import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { OpenInferenceModule } from 'nestjs-model-serving/open-inference';
import { describe, expect, it } from 'vitest';
import { startGrpc } from '../grpc/shared-app.js';
import { SIMPLE_MODELS } from '../open-inference/simple-models.js';
import type { Adapter } from '../serving-app.js';
import { WireFuzz, type Wire } from '../open-inference/wire-fuzz.js';

const SEED = Number(process.env['FUZZ_SEED'] ?? Math.floor(Math.random() * 2 ** 31));
/** By each wire: 100,000 in all. */
const CASES = Number(process.env['FUZZ_CASES'] ?? 25_000);
const MIB = 1024 * 1024;

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

/** What is kept, in MiB. */
async function kept(): Promise<number> {
  // What has ended is let go of in later turns.
  for (let turn = 0; turn < 3; turn++) {
    await new Promise(setImmediate);
    collectGarbage();
  }
  const { heapUsed, external } = process.memoryUsage();
  return (heapUsed + external) / MIB;
}

/** What comes by gRPC passes no adapter. */
const DOORS: [Wire, Adapter][] = [
  ['http', 'express'],
  ['http', 'fastify'],
  ['grpc', 'express'],
  ['stream', 'fastify'],
];

describe(
  `${CASES} mutated requests of Open Inference, seed ${SEED},`,
  { timeout: 3_600_000 },
  () => {
    it.each(DOORS)(
      'by %s on %s are answered or refused, and leave nothing behind',
      async (wire, adapter) => {
        const app = await startGrpc(
          { adapter, port: "the app's port" },
          {
            imports: [OpenInferenceModule.forRoot()],
            controllers: SIMPLE_MODELS,
          },
        );
        const fuzz = new WireFuzz(SEED, app);
        await fuzz.run(wire, CASES / 10);
        const before = await kept();
        await fuzz.run(wire, CASES);
        const after = await kept();
        console.log(wire, adapter, fuzz.told, `${before.toFixed(1)} -> ${after.toFixed(1)} MiB`);
        expect(after - before).toBeLessThan(8);
        expect(await fuzz.unchanged()).toEqual([200, 200, 0]);
      },
    );
  },
);
