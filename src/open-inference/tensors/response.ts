import { writeRaw } from './binary-elements.js';
import { writeJsonData } from './json-data.js';
import {
  BASE64,
  BINARY_DATA,
  BINARY_DATA_OUTPUT,
  BINARY_DATA_SIZE,
  CONTENT_TYPE,
} from './parameters.js';
import type { InferenceRequest, InferenceResponse, Parameters, Tensor } from './tensor.js';

/** The body of an answer. */
export interface WrittenResponse {
  readonly json: string;
  /** The bytes that stand behind the JSON, in their order. */
  readonly binary: readonly Uint8Array[];
  /** How many bytes the JSON has, which a header says where any output is binary. */
  readonly headerLength: number | undefined;
}

/**
 * Writes an answer in the form that its request asks for: JSON, and bytes behind it for the outputs that it
 * wants to be binary. The bytes are what the elements look at, not a copy.
 *
 * @throws {InvalidRequest} for elements that JSON has no form for, where it was to be JSON
 */
export function writeResponse(
  response: InferenceResponse,
  request: InferenceRequest,
): WrittenResponse {
  const { modelName, modelVersion, id } = response;
  const forms = new RequestedForms(request);
  const binary: Uint8Array[] = [];
  const outputs = response.outputs.map((tensor, index) => {
    const { isBinary, isBase64 } = forms.of(tensor.name);
    if (isBinary) {
      const bytes = writeRaw(tensor.elements, tensor.datatype);
      binary.push(bytes);
      return headOf(tensor, { [BINARY_DATA_SIZE]: bytes.length });
    }
    const wantsBase64 = isBase64 || tensor.parameters?.[CONTENT_TYPE] === BASE64;
    const data = writeJsonData(tensor, wantsBase64, ['outputs', index, 'data']);
    const head = headOf(tensor, data.isBase64 && { [CONTENT_TYPE]: BASE64 });
    return `${head.slice(0, -1)},"data":${data.text}}`;
  });
  const head = JSON.stringify({ model_name: modelName, model_version: modelVersion, id });
  const json = `${head.slice(0, -1)},"outputs":[${outputs.join(',')}]}`;
  const headerLength = binary.length > 0 ? Buffer.byteLength(json) : undefined;
  return { json, binary, headerLength };
}

/** How a request wants its outputs to be written. */
class RequestedForms {
  readonly #ofAll: Parameters | undefined;
  readonly #ofEach: ReadonlyMap<string, Parameters | undefined>;

  constructor({ parameters, outputs = [] }: InferenceRequest) {
    this.#ofAll = parameters;
    this.#ofEach = new Map(outputs.map((output) => [output.name, output.parameters]));
  }

  of(name: string): { readonly isBinary: boolean; readonly isBase64: boolean } {
    const parameters = this.#ofEach.get(name);
    return {
      isBinary: (parameters?.[BINARY_DATA] ?? this.#ofAll?.[BINARY_DATA_OUTPUT]) === true,
      isBase64: parameters?.[CONTENT_TYPE] === BASE64,
    };
  }
}

function headOf({ name, datatype, shape, parameters }: Tensor, more: Parameters | false): string {
  const all = { ...parameters, ...more };
  const hasAny = Object.keys(all).length > 0;
  return JSON.stringify(
    { name, datatype, shape, ...(hasAny && { parameters: all }) },
    withoutBigint,
  );
}

/** JSON knows numbers only; what is beyond them is a string, as elsewhere. */
function withoutBigint(_key: string, value: unknown): unknown {
  if (typeof value !== 'bigint') return value;
  return Number.isSafeInteger(Number(value)) ? Number(value) : String(value);
}
