import { checkFreeValue, type JsonText, type Path } from '../../json/index.js';
import { DATATYPE, isDatatype } from './datatypes.js';
import { readJsonElements } from './json-elements.js';
import { checkNames } from './names.js';
import {
  BASE64,
  BINARY_DATA,
  BINARY_DATA_OUTPUT,
  BINARY_DATA_SIZE,
  CONTENT_TYPE,
  checkFlag,
  readParameters,
} from './parameters.js';
import { refusal, unexpected } from './refusal.js';
import { readShape } from './shape.js';
import type { Elements, InferenceRequest, RequestedOutput, Tensor } from './tensor.js';

/** An input without its elements. */
export type InputHead = Omit<Tensor, 'elements'>;

/** Gives the elements of an input that says how many bytes they are. */
export type ReadBinary = (head: InputHead, size: unknown, place: Path) => Elements;

type Members = Readonly<Record<string, unknown>>;

/**
 * The request that a JSON object is. What the protocol does not know in it is ignored, since clients send
 * more than that.
 *
 * @param text what the object was parsed from: the value alone does not show keys that stood twice and
 * digits that parsing has changed
 * @param readBinary gives the elements that are no JSON; without it all have to be
 * @throws {InvalidRequest} that names the place: `inputs[0].data[3]`
 */
export function readJsonRequest(
  value: unknown,
  text?: JsonText,
  readBinary: ReadBinary = refuseBinary,
): InferenceRequest {
  if (!isObject(value)) throw unexpected([], 'a JSON object', value);
  checkFreeValue(value, text);
  const { id, inputs, outputs } = value;
  const parameters = readParameters(value['parameters'], []);
  checkFlag(parameters, BINARY_DATA_OUTPUT, []);
  return {
    ...(isThere(id) && id !== '' && { id: readText(id, ['id']) }),
    ...(parameters && { parameters }),
    inputs: readEach(inputs, 'inputs', (input, place) => readInput(input, place, text, readBinary)),
    ...(isThere(outputs) && { outputs: readEach(outputs, 'outputs', readOutput) }),
  };
}

function readInput(
  input: Members,
  place: Path,
  text: JsonText | undefined,
  readBinary: ReadBinary,
): Tensor {
  const { datatype, data } = input;
  const name = readText(input['name'], [...place, 'name']);
  if (!isDatatype(datatype)) throw unexpected([...place, 'datatype'], DATATYPE, datatype);
  const shape = readShape(input['shape'], place);
  const parameters = readParameters(input['parameters'], place);
  const head = { name, datatype, shape, ...(parameters && { parameters }) };
  const size = parameters?.[BINARY_DATA_SIZE];
  if (size === undefined) {
    const isBase64 = parameters?.[CONTENT_TYPE] === BASE64;
    const about = { datatype, shape, isBase64, text, place: [...place, 'data'] };
    return { ...head, elements: readJsonElements(data, about) };
  }
  if (!isThere(data)) return { ...head, elements: readBinary(head, size, place) };
  throw refusal([...place, 'data'], `expected none beside ${BINARY_DATA_SIZE}, got some`);
}

function readOutput(output: Members, place: Path): RequestedOutput {
  const name = readText(output['name'], [...place, 'name']);
  const parameters = readParameters(output['parameters'], place);
  checkFlag(parameters, BINARY_DATA, place);
  return { name, ...(parameters && { parameters }) };
}

function readEach<T extends { readonly name: string }>(
  list: unknown,
  key: 'inputs' | 'outputs',
  read: (member: Members, place: Path) => T,
): T[] {
  if (!Array.isArray(list)) throw unexpected([key], 'a list', list);
  const tensors = list.map((member: unknown, index) => {
    const place = [key, index];
    if (!isObject(member)) throw unexpected(place, 'an object', member);
    return read(member, place);
  });
  checkNames(tensors, key);
  return tensors;
}

function readText(value: unknown, place: Path): string {
  if (typeof value === 'string') return value;
  throw unexpected(place, 'a string', value);
}

function isObject(value: unknown): value is Members {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Clients write what they leave open as null. */
function isThere(value: unknown): boolean {
  return value !== undefined && value !== null;
}

function refuseBinary(_head: InputHead, _size: unknown, place: Path): never {
  throw refusal(
    [...place, 'parameters', BINARY_DATA_SIZE],
    'expected data in JSON, got a size of binary data, of which the request has none',
  );
}
