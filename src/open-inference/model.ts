import type { Endpoint } from '../endpoint/endpoint.js';
import { ConfigurationError } from '../errors/index.js';
import type { Answer } from '../endpoint/answer.js';
import { FieldInputs } from './binding/field-inputs.js';
import { FieldOutputs } from './binding/field-outputs.js';
import { fieldTensors, type TensorMetadata } from './binding/field-tensor.js';
import type { InputBinding } from './binding/input-binding.js';
import { JsonInputs, JsonOutputs } from './binding/json-tensor.js';
import type { OutputBinding } from './binding/output-binding.js';
import { unexpected, type InferenceRequest, type InferenceResponse } from './tensors/index.js';

/** An output that is to be answered, under the name that the client has for it. */
export interface ChosenOutput {
  readonly name: string;
  readonly tensor: TensorMetadata;
}

/** An endpoint as a model of the protocol. */
export class Model {
  readonly endpoint: Endpoint;
  readonly name: string;
  readonly inputs: InputBinding;
  readonly outputs: OutputBinding;

  /** @throws {ConfigurationError} for tensors that the endpoint's messages do not have */
  constructor(endpoint: Endpoint, name: string) {
    this.endpoint = endpoint;
    this.name = name;
    const { owner, options, schema } = endpoint;
    const { inputs = {}, outputs = {} } = options.openInference ?? {};
    ConfigurationError.refuseUnknown(owner, options.openInference ?? {}, ['inputs', 'outputs']);
    const request = schema?.request?.model;
    const response = schema?.response?.model;
    const taken = fieldTensors(request, inputs, owner, 'openInference.inputs');
    const given = fieldTensors(response, outputs, owner, 'openInference.outputs');
    this.inputs = taken === undefined ? new JsonInputs() : new FieldInputs(taken);
    this.outputs = given === undefined ? new JsonOutputs() : new FieldOutputs(given);
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
    return outputs.map(({ name }, index) => {
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
  ): InferenceResponse {
    return {
      modelName: this.name,
      ...(this.version !== undefined && { modelVersion: this.version }),
      ...(id !== undefined && { id }),
      outputs: chosen.map(({ name, tensor }) => this.outputs.write(tensor, name, answers)),
    };
  }
}
