import type { Path } from '../../json/index.js';
import {
  readRaw,
  refusal,
  unexpected,
  writeRaw,
  type Elements,
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

/** What a client asks for by gRPC. */
export interface InferCall {
  readonly modelName: string;
  /** Empty where the client leaves it open. */
  readonly modelVersion: string;
  readonly request: InferenceRequest;
  /** Whether elements came as raw bytes: then those of the answer go so as well. */
  readonly isRaw: boolean;
}

const REQUEST = PROTO.codec('inference.ModelInferRequest');
const RESPONSE = PROTO.codec('inference.ModelInferResponse');

/**
 * Reads a message ModelInferRequest. Raw elements look at its bytes where they can.
 *
 * @throws {InvalidRequest} that names the place
 */
export function readInferRequest(bytes: Buffer): InferCall {
  const message = REQUEST.readBinary(bytes) as RequestMessage;
  const { modelName = '', modelVersion = '', id, inputs = [], outputs, rawInputContents } = message;
  if (rawInputContents !== undefined && rawInputContents.length !== inputs.length) {
    const got = `got ${rawInputContents.length}`;
    throw refusal(
      ['raw_input_contents'],
      `expected one for each of ${inputs.length} inputs, ${got}`,
    );
  }
  const parameters = readInferParameters(message.parameters);
  const tensors = inputs.map((input, index) => readInput(input, index, rawInputContents));
  checkNames(tensors, 'inputs');
  const requested = outputs?.map(readOutput);
  if (requested !== undefined) checkNames(requested, 'outputs');
  return {
    modelName,
    modelVersion,
    request: {
      ...(id && { id }),
      ...(parameters && { parameters }),
      inputs: tensors,
      ...(requested && { outputs: requested }),
    },
    isRaw: rawInputContents !== undefined,
  };
}

function readInput(
  input: InputMessage,
  index: number,
  raw: readonly Uint8Array[] | undefined,
): Tensor {
  const place = ['inputs', index];
  const { name = '', datatype = '', contents } = input;
  if (!isDatatype(datatype)) throw unexpected([...place, 'datatype'], DATATYPE, datatype);
  const shape = readShape(input.shape?.map(Number) ?? [], place);
  const parameters = readInferParameters(input.parameters);
  const head = { name, datatype, shape, ...(parameters && { parameters }) };
  return { ...head, elements: elementsOf() };

  function elementsOf(): Elements {
    const hasContents = contents !== undefined && Object.keys(contents).length > 0;
    if (raw === undefined) {
      if (hasContents || countOf(shape) === 0) {
        return readContents(contents ?? {}, datatype as Tensor['datatype'], shape, place);
      }
      throw refusal(place, 'expected contents, or raw_input_contents of the request, got neither');
    }
    if (!hasContents) {
      return readRaw(raw[index]!, datatype as Tensor['datatype'], shape, rawPlace(index));
    }
    throw refusal([...place, 'contents'], 'expected none beside raw_input_contents, got some');
  }
}

function rawPlace(index: number): Path {
  return ['raw_input_contents', index];
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
