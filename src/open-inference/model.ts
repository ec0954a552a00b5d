import type { Endpoint } from '../endpoint/endpoint.js';
import { ConfigurationError } from '../errors/index.js';
import type { DeclaredTensor } from '../runtimes/onnx/declared-tensors.js';
import type { Answer } from '../endpoint/answer.js';
import { FieldInputs } from './binding/field-inputs.js';
import { FieldOutputs } from './binding/field-outputs.js';
import { fieldTensors, type FieldTensor, type TensorMetadata } from './binding/field-tensor.js';
import type { InputBinding, Sizes } from './binding/input-binding.js';
import { JsonInputs, JsonOutputs } from './binding/json-tensor.js';
import {
  declaredRows,
  declaredTensors,
  tellableOutputs,
  tensorsOfModel,
} from './binding/model-tensors.js';
import type { OutputBinding } from './binding/output-binding.js';
import { unexpected, type InferenceRequest, type InferenceResponse } from './tensors/index.js';

/** An output that is to be answered, under the name that the client has for it. */
export interface ChosenOutput {
  readonly name: string;
  readonly tensor: TensorMetadata;
}

/**
 * Of an output that is asked for, what would stand in its place in Triton: so many of its best classes, or
 * nothing, as it is in memory that the client reads.
 */
const REPLACEMENTS = ['classification', 'shared_memory_region'];

/** An endpoint as a model of the protocol. */
export class Model {
  readonly endpoint: Endpoint;
  readonly name: string;
  readonly platform: string;
  readonly inputs: InputBinding;
  readonly outputs: OutputBinding;

  /** @throws {ConfigurationError} for tensors that the endpoint's messages do not have */
  constructor(endpoint: Endpoint, name: string) {
    this.endpoint = endpoint;
    this.name = name;
    const { owner, options, schema } = endpoint;
    const shapes = options.openInference ?? {};
    ConfigurationError.refuseUnknown(owner, shapes, ['inputs', 'outputs']);
    const declared = declaredTensors(endpoint);
    this.platform = declared === undefined ? 'nestjs-model-serving' : 'onnx_onnxv1';

    function tensorsOf(
      side: 'inputs' | 'outputs',
      known: readonly DeclaredTensor[] | undefined,
    ): readonly FieldTensor[] | undefined {
      const model = schema?.[side === 'inputs' ? 'request' : 'response']?.model;
      const given = shapes[side] ?? {};
      if (model === undefined && Object.keys(given).length === 0) {
        return tensorsOfModel(known);
      }
      const rows = declaredRows(known);
      return fieldTensors(model, given, owner, `openInference.${side}`, rows);
    }
    const taken = tensorsOf('inputs', declared?.inputs);
    const given = tensorsOf('outputs', declared && tellableOutputs(declared, taken));
    const unclear = given?.find(({ rowShape, declaredRow }) => {
      return declaredRow === undefined && rowShape.indexOf(-1) !== rowShape.lastIndexOf(-1);
    });
    if (unclear !== undefined) {
      throw ConfigurationError.expected(
        owner,
        `openInference.outputs.${unclear.name}.shape`,
        'a list with at most one -1 behind its first dimension, as an answer is a flat list',
        unclear.shape,
      );
    }
    const areDeclared = schema?.response === undefined;
    this.inputs = taken === undefined ? new JsonInputs() : new FieldInputs(taken);
    this.outputs = given === undefined ? new JsonOutputs() : new FieldOutputs(given, areDeclared);
  }

  get version(): string | undefined {
    return this.endpoint.options.version;
  }

  /** What a request asks for, in its order; all there is where it does not say. */
  choose({ outputs }: InferenceRequest): readonly ChosenOutput[] {
    const { tensors } = this.outputs;
    if (outputs === undefined || outputs.length === 0) {
      return tensors.map((tensor) => ({ name: tensor.name, tensor }));
    }
    return outputs.map(({ name, parameters }, index) => {
      const replacement = REPLACEMENTS.find((key) => parameters?.[key]);
      if (replacement !== undefined) {
        const place = ['outputs', index, 'parameters', replacement];
        const got = parameters![replacement];
        throw unexpected(place, 'none, as outputs are given as they are', got);
      }
      const tensor = this.outputs.find(name);
      if (tensor !== undefined) return { name, tensor };
      const names = tensors.map((known) => known.name).join(', ');
      throw unexpected(['outputs', index, 'name'], `one of ${names}`, name);
    });
  }

  respond(
    { id }: InferenceRequest,
    chosen: readonly ChosenOutput[],
    answers: readonly Answer[],
    sizes: Sizes,
  ): InferenceResponse {
    return {
      modelName: this.name,
      ...(this.version !== undefined && { modelVersion: this.version }),
      ...(id !== undefined && { id }),
      outputs: chosen.map(({ name, tensor }) => this.outputs.write(tensor, name, answers, sizes)),
    };
  }
}
