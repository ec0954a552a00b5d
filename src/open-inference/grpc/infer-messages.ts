import {
  readRaw,
  refusal,
  unexpected,
  writeRaw,
  type InferenceRequest,
  type InferenceResponse,
  type Tensor,
} from '../tensors/index.js';
import { DATATYPE, isDatatype } from '../tensors/datatypes.js';
import { checkNames } from '../tensors/names.js';
import { countOf, readShape } from '../tensors/shape.js';
import { readContents, writeContents, type InferContents } from './infer-contents.js';
import {
  readInferParameters,
  writeInferParameters,
  type InferParameters,
} from './infer-parameters.js';
import { PROTO } from './inference-proto.js';

interface InputMessage {
  readonly name?: string;
  readonly datatype?: string;
  readonly shape?: readonly string[];
  readonly parameters?: InferParameters;
  readonly contents?: InferContents;
}

interface RequestMessage {
  readonly modelName?: string;
  readonly modelVersion?: string;
  readonly id?: string;
  readonly parameters?: InferParameters;
  readonly inputs?: readonly InputMessage[];
  readonly outputs?: readonly Pick<InputMessage, 'name' | 'parameters'>[];
  readonly rawInputContents?: readonly Uint8Array[];
}

const REQUEST = PROTO.codec('inference.ModelInferRequest');
const RESPONSE = PROTO.codec('inference.ModelInferResponse');

/** A message ModelInferRequest: which model is asked is known before its tensors are looked at. */
export class InferRequest {
  readonly #message: RequestMessage;

  /** @throws {InvalidRequest} for bytes that are no such message */
  constructor(bytes: Buffer) {
    this.#message = REQUEST.readBinary(bytes) as RequestMessage;
  }

  get modelName(): string {
    return this.#message.modelName ?? '';
  }

  /** Empty where the client leaves it open. */
  get modelVersion(): string {
    return this.#message.modelVersion ?? '';
  }

  get id(): string | undefined {
    return this.#message.id;
  }

  /** Whether elements come as raw bytes: then those of the answer go so as well. */
  get isRaw(): boolean {
    return this.#message.rawInputContents !== undefined;
  }

  /**
   * What is asked of the model. Raw elements look at the bytes of the message where they can.
   *
   * @throws {InvalidRequest} that names the place
   */
  read(): InferenceRequest {
    const { id, inputs = [], outputs, rawInputContents: raw } = this.#message;
    if (raw !== undefined && raw.length !== inputs.length) {
      const expected = `expected one for each of ${inputs.length} inputs, got ${raw.length}`;
      throw refusal(['raw_input_contents'], expected);
    }
    const parameters = readInferParameters(this.#message.parameters);
    const tensors = inputs.map((input, index) => readInput(input, index, raw?.[index]));
    checkNames(tensors, 'inputs');
    const requested = outputs?.map(readOutput);
    if (requested !== undefined) checkNames(requested, 'outputs');
    return {
      ...(id && { id }),
      ...(parameters && { parameters }),
      inputs: tensors,
      ...(requested && { outputs: requested }),
    };
  }
}

function readInput(input: InputMessage, index: number, raw: Uint8Array | undefined): Tensor {
  const place = ['inputs', index];
  const { name = '', datatype, contents = {} } = input;
  if (!isDatatype(datatype)) throw unexpected([...place, 'datatype'], DATATYPE, datatype ?? '');
  const shape = readShape(input.shape?.map(Number) ?? [], place);
  const parameters = readInferParameters(input.parameters);
  const head = { name, datatype, shape, ...(parameters && { parameters }) };
  const hasContents = Object.keys(contents).length > 0;
  if (raw === undefined) {
    if (!hasContents && countOf(shape) > 0) {
      throw refusal(place, 'expected contents, or raw_input_contents of the request, got neither');
    }
    return { ...head, elements: readContents(contents, datatype, shape, place) };
  }
  if (hasContents) {
    throw refusal([...place, 'contents'], 'expected none beside raw_input_contents, got some');
  }
  return { ...head, elements: readRaw(raw, datatype, shape, ['raw_input_contents', index]) };
}

function readOutput({
  name = '',
  parameters: messages,
}: Pick<InputMessage, 'name' | 'parameters'>) {
  const parameters = readInferParameters(messages);
  return { name, ...(parameters && { parameters }) };
}

/** The message ModelInferResponse of an answer, before it is bytes. */
export function inferResponse(response: InferenceResponse, isRaw: boolean): object {
  const { modelName, modelVersion, id, outputs } = response;
  const typed = isRaw ? [undefined] : outputs.map(writeContents);
  // All or none of them are raw.
  const areTyped = typed.every((contents) => contents !== undefined);
  return {
    modelName,
    ...(modelVersion !== undefined && { modelVersion }),
    ...(id !== undefined && { id }),
    outputs: outputs.map(({ name, datatype, shape, parameters }, index) => ({
      name,
      datatype,
      shape: shape.map(String),
      ...(parameters && { parameters: writeInferParameters(parameters) }),
      ...(areTyped && { contents: typed[index] }),
    })),
    ...(!areTyped && {
      rawOutputContents: outputs.map(({ elements, datatype }) => writeRaw(elements, datatype)),
    }),
  };
}

export function writeInferResponse(response: InferenceResponse, isRaw: boolean): Buffer {
  return RESPONSE.encode(inferResponse(response, isRaw));
}
