import { Client, credentials, status } from '@grpc/grpc-js';
import { OpenInferenceModule } from 'nestjs-model-serving/open-inference';
import { describe, expect, it, onTestFinished } from 'vitest';
import { GRPC_DOORS, startGrpc } from '../grpc/shared-app.js';
import { mutated, randomOf } from './mutation.js';
import { SIMPLE_MODELS } from './simple-models.js';

const SEED = Number(process.env['FUZZ_SEED'] ?? Math.floor(Math.random() * 2 ** 32));
const CASES = Number(process.env['FUZZ_CASES'] ?? 1_000);

const input = (name: string, more: object) => ({
  name,
  shape: [1, 16],
  datatype: 'INT32',
  ...more,
});
const LIST = Array.from({ length: 16 }, (_, index) => index);
const BYTES = Buffer.from(Int32Array.from([...LIST, ...LIST]).buffer);
const JSON_BODY = Buffer.from(
  JSON.stringify({
    id: 'x',
    parameters: { timeout: 9_000_000 },
    inputs: [input('INPUT0', { data: LIST }), input('INPUT1', { data: [LIST] })],
    outputs: [{ name: 'OUTPUT0', parameters: { binary_data: true } }, { name: 'OUTPUT1' }],
  }),
);
const HEAD = Buffer.from(
  JSON.stringify({
    inputs: ['INPUT0', 'INPUT1'].map((name) =>
      input(name, { parameters: { binary_data_size: 64 } }),
    ),
    parameters: { binary_data_output: true },
  }),
);
const BINARY_BODY = Buffer.concat([HEAD, BYTES]);
/** As Triton's client writes it: two inputs of the model `simple`, raw. */
const MESSAGE = Buffer.concat([
  Buffer.from('0a0673696d706c65', 'hex'),
  ...['INPUT0', 'INPUT1'].map((name) =>
    Buffer.concat([
      Buffer.from('2a13' + '0a06', 'hex'),
      Buffer.from(name),
      Buffer.from('1205494e5433321a020110', 'hex'),
    ]),
  ),
  Buffer.from('3a40', 'hex'),
  BYTES.subarray(0, 64),
  Buffer.from('3a40', 'hex'),
  BYTES.subarray(64),
]);

const asItIs = (bytes: Buffer) => bytes;

/** What no client may bring about but by its own deadline. */
const FAULTS = new Set<number>([
  status.UNKNOWN,
  status.INTERNAL,
  status.UNAVAILABLE,
  status.DATA_LOSS,
]);

describe.each(GRPC_DOORS)(`Whatever comes (seed ${SEED}) on $door`, { timeout: 600_000 }, (way) => {
  it('is answered or refused', async () => {
    const random = randomOf(SEED);
    const { url, address } = await startGrpc(way, {
      imports: [OpenInferenceModule.forRoot()],
      controllers: SIMPLE_MODELS,
    });
    const client = new Client(address, credentials.createInsecure());
    onTestFinished(() => client.close());
    const post = async (body: Buffer, headers: Record<string, string>) => {
      const target = `${url}/v2/models/simple/infer`;
      const response = await fetch(target, { method: 'POST', body: new Uint8Array(body), headers });
      const bytes = Buffer.from(await response.arrayBuffer());
      if (response.status !== 200)
        expect(JSON.parse(String(bytes)).error).toEqual(expect.any(String));
      return response.status;
    };
    const call = (message: Buffer) =>
      new Promise<number>((resolve) => {
        const path = '/inference.GRPCInferenceService/ModelInfer';
        client.makeUnaryRequest(path, asItIs, asItIs, message, (error) =>
          resolve(error?.code ?? status.OK),
        );
      });
    expect(await post(JSON_BODY, {})).toBe(200);
    expect(await post(BINARY_BODY, { 'inference-header-content-length': `${HEAD.length}` })).toBe(
      200,
    );
    expect(await call(MESSAGE)).toBe(status.OK);

    const told = new Map<string, number>();
    for (let index = 0; index < CASES; index++) {
      const seed = `case ${index} of seed ${SEED}`;
      switch (index % 4) {
        case 0:
          note('json', await post(mutated(JSON_BODY, random), {}), seed);
          break;
        case 1: {
          const headers = { 'inference-header-content-length': `${HEAD.length}` };
          note('binary', await post(mutated(BINARY_BODY, random), headers), seed);
          break;
        }
        case 2: {
          const headers = {
            'inference-header-content-length': `${random(BINARY_BODY.length + 9)}`,
          };
          note('binary', await post(mutated(BINARY_BODY, random), headers), seed);
          break;
        }
        default:
          note('grpc', await call(mutated(MESSAGE, random)), seed);
      }
    }
    expect(await post(JSON_BODY, {})).toBe(200);
    expect(told.get('json 400')).toBeGreaterThan(0);

    function note(wire: string, code: number, seed: string): void {
      const isFault = wire === 'grpc' ? FAULTS.has(code) : code >= 500 && code !== 504;
      if (isFault) throw new Error(`${wire}: ${code} for ${seed}`);
      const key = `${wire} ${code}`;
      told.set(key, (told.get(key) ?? 0) + 1);
    }
  });
});
