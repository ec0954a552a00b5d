import { OpenInferenceModule } from 'nestjs-model-serving/open-inference';
import { describe, expect, it } from 'vitest';
import { GRPC_DOORS, startGrpc } from '../grpc/shared-app.js';
import { SIMPLE_MODELS } from './simple-models.js';
import { WireFuzz } from './wire-fuzz.js';

const SEED = Number(process.env['FUZZ_SEED'] ?? Math.floor(Math.random() * 2 ** 31));
/** By each wire of each door. The suite of faults sends a hundred thousand. */
const CASES = Number(process.env['FUZZ_CASES'] ?? 300);

describe.each(GRPC_DOORS)(`Whatever comes (seed ${SEED}) on $door`, { timeout: 600_000 }, (way) => {
  it('is answered or refused', async () => {
    const fuzz = new WireFuzz(
      SEED,
      await startGrpc(way, {
        imports: [OpenInferenceModule.forRoot()],
        controllers: SIMPLE_MODELS,
      }),
    );
    expect(await fuzz.unchanged()).toEqual([200, 200, 0]);
    for (const wire of ['http', 'grpc', 'stream'] as const) await fuzz.run(wire, CASES);
    expect(await fuzz.unchanged()).toEqual([200, 200, 0]);
    expect(fuzz.told).toMatchObject({
      'json 400': expect.any(Number),
      'binary 400': expect.any(Number),
      'grpc 3': expect.any(Number),
    });
  });
});
