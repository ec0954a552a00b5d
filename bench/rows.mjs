// node bench/rows.mjs: what a request of many rows costs above the model's run of them. Needs `npm run compile`.
import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { Call } from '../dist/src/endpoint/call.js';
import { EndpointRegistry } from '../dist/src/endpoint/endpoint-registry.js';
import { Gate } from '../dist/src/gate/gate.js';
import { ModelEndpoint, ModelServingModule, protobufSchema } from '../dist/src/index.js';
import { Readiness } from '../dist/src/lifecycle/readiness.js';
import { ServedModels } from '../dist/src/open-inference/served-models.js';
import { readBinaryRequest, writeResponse } from '../dist/src/open-inference/tensors/index.js';
import { OnnxModel } from '../dist/src/runtimes/onnx/index.js';
import { median } from './harness/statistics.mjs';
import { body, perceptronFile } from './workload/perceptron.mjs';

const ROWS = Number(process.argv[2] ?? 64);
const WARM_CALLS = 2_000;
const ROUNDS = 151;
const ROUND_CALLS = 10;

const model = new OnnxModel(perceptronFile(), { session: { intraOpNumThreads: 1 } });

class Perceptron {
  predict(inputs) {
    return model.runBatch(inputs);
  }
}
const schema = protobufSchema('bench/workload/perceptron.proto');
ModelEndpoint('/perceptron', schema, { batch: { maxSize: ROWS, maxDelay: 0 } })(Perceptron);

class App {}
Module({
  imports: [ModelServingModule.forRoot()],
  controllers: [Perceptron],
  providers: [{ provide: OnnxModel, useValue: model }],
})(App);

const app = await NestFactory.create(App, { logger: ['fatal'] });
await app.listen(0, '127.0.0.1');
const [endpoint] = app.get(EndpointRegistry, { strict: false }).endpoints;
const models = new ServedModels([endpoint], {
  gate: app.get(Gate, { strict: false }),
  readiness: app.get(Readiness, { strict: false }),
  serverName: 'bench',
});

const { features } = JSON.parse(body);
const items = Array.from({ length: ROWS }, () => ({ features }));
const elements = Float32Array.from(items.flatMap((item) => item.features));
const bytes = Buffer.from(elements.buffer);
const head = Buffer.from(
  JSON.stringify({
    inputs: [
      {
        name: 'features',
        shape: [ROWS, features.length],
        datatype: 'FP32',
        parameters: { binary_data_size: bytes.length },
      },
    ],
    parameters: { binary_data_output: true },
  }),
);
const request = Buffer.concat([head, bytes]);

async function infer() {
  const read = readBinaryRequest(request, head.length, []);
  const call = new Call(endpoint, 'bench', {});
  const answer = await models.infer(call, read, { args: [{}, {}], request: {} }, 'http');
  endpoint.departed();
  return writeResponse(answer, read);
}

const WAYS = [infer, () => model.runBatch(items)];

/** Processor time, since others may be at work on the same cores: of calls counted, since these take time from them. */
async function time(run, calls) {
  const before = process.cpuUsage();
  for (let call = 0; call < calls; call++) await run();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / calls;
}

// What is not compiled yet costs several times as much.
for (const run of WAYS) await time(run, WARM_CALLS);
const rounds = [];
for (let round = 0; round < ROUNDS; round++) {
  const figures = [];
  for (const index of round % 2 ? [1, 0] : [0, 1])
    figures[index] = await time(WAYS[index], ROUND_CALLS);
  rounds.push(figures);
}
const [ours, alone] = [0, 1].map((index) => median(rounds.map((round) => round[index])));
const ratio = median(rounds.map(([a, b]) => a / b));
console.log(
  `${ROWS} rows of the perceptron, from bytes to bytes: ${ours.toFixed(0)} µs, runBatch ${alone.toFixed(0)} µs, ratio ${ratio.toFixed(2)}`,
);
await app.close();
