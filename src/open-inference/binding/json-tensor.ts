import type { Answer } from '../../endpoint/answer.js';
import type { Call } from '../../endpoint/call.js';
import { readJson } from '../../gate/json-body.js';
import { pathText, viewedBytes } from '../../json/index.js';
import { refusal, unexpected, type InferenceRequest, type Tensor } from '../tensors/index.js';
import { shapeText } from '../tensors/shape.js';
import type { TensorMetadata } from './field-tensor.js';
import { rowPlace, rowsOf, type InputBinding, type Rows } from './input-binding.js';
import type { OutputBinding } from './output-binding.js';

const REQUEST: TensorMetadata = { name: 'request', datatype: 'BYTES', shape: [-1] };
const RESPONSE: TensorMetadata = { name: 'response', datatype: 'BYTES', shape: [-1] };

/** Inputs that no tensors can be made of: the text of their JSON is one. */
export class JsonInputs implements InputBinding {
  readonly tensors = [REQUEST];

  bind({ inputs }: InferenceRequest): Rows {
    const [input, other] = inputs;
    if (input === undefined) throw refusal(['inputs'], 'expected request, got none');
    if (other !== undefined) throw unexpected(['inputs', 1], 'request alone', other.name);
    const place = ['inputs', 0];
    if (input.name !== REQUEST.name) throw unexpected([...place, 'name'], 'request', input.name);
    if (input.datatype !== 'BYTES') {
      throw unexpected([...place, 'datatype'], 'BYTES', input.datatype);
    }
    if (input.shape.slice(1).some((size) => size !== 1)) {
      const got = shapeText(input.shape);
      throw refusal([...place, 'shape'], `expected [-1] or [-1, 1], got ${got}`);
    }
    const texts = input.elements as readonly (string | Uint8Array)[];
    return {
      count: rowsOf(input),
      sizes: new Map(),
      read(part: Call, row: number) {
        const text = texts[row]!;
        const bytes = typeof text === 'string' ? Buffer.from(text) : viewedBytes(text);
        part.input = readJson(part, bytes);
      },
      placeOf: (path: string, row: number) => `${pathText(rowPlace(0, row))}${path.slice(1)}`,
    };
  }
}

/** Answers that no tensors can be made of. */
export class JsonOutputs implements OutputBinding {
  readonly tensors = [RESPONSE];

  write(_: TensorMetadata, name: string, answers: readonly Answer[]): Tensor {
    const elements = answers.map(({ text }) => text);
    return { name, datatype: 'BYTES', shape: [answers.length], elements };
  }

  find(name: string): TensorMetadata | undefined {
    return name === RESPONSE.name ? RESPONSE : undefined;
  }
}
