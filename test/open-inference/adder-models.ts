import { Module, NotFoundException } from '@nestjs/common';
import { ModuleRef } from '@nestjs/core';
import { EndpointRegistry } from '../../src/endpoint/endpoint-registry.js';
import type { Endpoint } from '../../src/endpoint/endpoint.js';
import { Gate } from '../../src/gate/gate.js';
import { UploadBudget } from '../../src/gate/upload-budget.js';
import { ServiceSource } from '../../src/grpc/service-source.js';
import type { Models } from '../../src/open-inference/models.js';
import type { Elements, InferenceRequest } from '../../src/open-inference/tensors/index.js';

/** What every endpoint here takes and gives. */
export const ADDER_FILES = {
  file: 'adder.proto',
  files: {
    'adder.proto': `
      syntax = "proto3";
      message Request { repeated int32 a = 1; repeated int32 b = 2; }
      message Response { repeated int32 sum = 1; repeated int32 difference = 2; }`,
  },
};
export interface Terms {
  readonly a: readonly number[];
  readonly b: readonly number[];
}

export function added({ a, b }: Terms) {
  return {
    sum: a.map((value, index) => value + b[index]!),
    difference: a.map((value, index) => value - b[index]!),
  };
}

/** Triton's examples `simple` and, as text, `simple_string`: each endpoint is a model of both kinds. */
function adderModels(endpoints: readonly Endpoint[], gate: Gate): Models {
  const passages = new Map(endpoints.map((one) => [one, gate.passage(one, 'rpc')]));
  const find = (name: string) => {
    const found = endpoints.find(({ options }) => options.name === name);
    if (found === undefined) throw new NotFoundException(`There is no model "${name}"`);
    return found;
  };
  const tensors = (...names: string[]) =>
    names.map((name) => ({ name, datatype: 'INT32', shape: [-1, 16] }) as const);
  return {
    endpoints,
    isReady: true,
    isModelReady: (name) => find(name) !== undefined,
    serverMetadata: () => ({ name: 'triton', version: '1', extensions: ['statistics'] }),
    modelMetadata: (name) => ({
      name: find(name).options.name,
      versions: ['1'],
      platform: 'nestjs',
      inputs: tensors('INPUT0', 'INPUT1'),
      outputs: tensors('OUTPUT0', 'OUTPUT1'),
    }),
    statistics: (name = 'simple') => ({
      model_stats: [
        {
          name,
          version: '1',
          inference_count: 3,
          inference_stats: { success: { count: 3, ns: 9 } },
        },
      ],
    }),
    index: () => endpoints.map(({ options }) => ({ name: options.name, state: 'READY' })),
    find,
    async infer(call, request, visit) {
      const [a, b] = request.inputs;
      call.input = a && b ? { a: numbersOf(a.elements), b: numbersOf(b.elements) } : {};
      const answer = await passages.get(call.endpoint)!(call, visit);
      const { sum, difference } = answer!.value as ReturnType<typeof added>;
      const all = new Map([
        ['OUTPUT0', sum],
        ['OUTPUT1', difference],
      ]);
      const asked = request.outputs ?? [...all.keys()].map((name) => ({ name }));
      return {
        modelName: call.endpoint.options.name,
        modelVersion: '1',
        id: request.id,
        outputs: asked.map(({ name }) => outputOf(name, all.get(name)!, request)),
      };
    },
  };
}

function numbersOf(elements: Elements): number[] {
  return Array.from(elements as ArrayLike<unknown>, (element) =>
    Number(element instanceof Uint8Array ? Buffer.from(element).toString() : element),
  );
}

function outputOf(name: string, values: readonly number[], { inputs: [first] }: InferenceRequest) {
  const { datatype, shape } = first!;
  const elements = datatype === 'BYTES' ? values.map(String) : Int32Array.from(values);
  return { name, datatype, shape, elements };
}

/** Adds the service to the app's server of gRPC. */
@Module({
  providers: [
    {
      provide: ServiceSource,
      inject: [ModuleRef],
      useFactory: (modules: ModuleRef): ServiceSource => ({
        async load() {
          const { InferenceService } =
            await import('../../src/open-inference/grpc/inference-service.js');
          const { endpoints } = modules.get(EndpointRegistry, { strict: false });
          const models = adderModels(endpoints, modules.get(Gate, { strict: false }));
          return new InferenceService(models, modules.get(UploadBudget, { strict: false }));
        },
      }),
    },
  ],
})
export class AdderModels {}
