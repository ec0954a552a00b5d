import { InvalidRequest } from '../../errors/index.js';
import { JsonText, type Path } from '../../json/index.js';
import { describe } from '../../schema/report.js';
import { readRaw } from './binary-elements.js';
import { NUMERIC } from './datatypes.js';
import { readJsonRequest, type InputHead } from './json-request.js';
import { BINARY_DATA_OUTPUT, BINARY_DATA_SIZE } from './parameters.js';
import { refusal, unexpected } from './refusal.js';
import type { Elements, InferenceRequest } from './tensor.js';

/** The header that says how many bytes of a body are JSON, in lower case. */
export const HEADER_LENGTH = 'inference-header-content-length';

/** A tensor that a model takes; a dimension of -1 may be of any size. */
export type ExpectedTensor = Pick<InputHead, 'name' | 'datatype' | 'shape'>;

/**
 * What the header says, if it is there.
 *
 * @throws {InvalidRequest}
 */
export function readHeaderLength(
  header: string | readonly string[] | undefined,
): number | undefined {
  if (header === undefined) return undefined;
  const length = Number(header);
  if (typeof header === 'string' && /^\d+$/.test(header) && Number.isSafeInteger(length)) {
    return length;
  }
  throw new InvalidRequest(
    `Expected ${HEADER_LENGTH} to be a number of bytes, got ${describe(header)}`,
  );
}

/**
 * The request that a body is: JSON and behind it the bytes of those inputs that say so, in their order.
 *
 * @param body as it was before it was compressed
 * @param headerLength how many bytes of it are JSON: without it all are; with 0 none, then it is the bytes
 * of the only input
 * @param inputs what the model takes, which no JSON has to say then
 * @throws {InvalidRequest} that names the place: `inputs[0].data[3]`
 */
export function readBinaryRequest(
  body: Buffer,
  headerLength: number | undefined,
  inputs: readonly ExpectedTensor[],
): InferenceRequest {
  if (headerLength === 0) return readBareRequest(body, inputs);
  const length = headerLength ?? body.length;
  if (length > body.length) {
    throw new InvalidRequest(
      `Expected a body of at least ${length} bytes, as ${HEADER_LENGTH} says, got ${body.length}`,
    );
  }
  const text = JsonText.decode(body.subarray(0, length));
  if (text === undefined) throw new InvalidRequest('The JSON of the body is not valid UTF-8');
  const value = parse(text);
  if (headerLength === undefined) return readJsonRequest(value, text);
  const rest = new Rest(body.subarray(length));
  const request = readJsonRequest(value, text, (head, size, place) => rest.read(head, size, place));
  rest.end();
  return request;
}

function parse(text: JsonText): unknown {
  try {
    return text.parse();
  } catch (cause) {
    throw new InvalidRequest(`The body is not valid JSON: ${(cause as Error).message}`, { cause });
  }
}

/** What stands behind the JSON. */
class Rest {
  readonly #bytes: Buffer;
  #at = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  /** @throws {InvalidRequest} */
  read({ datatype, shape }: InputHead, size: unknown, place: Path): Elements {
    const left = this.#bytes.length - this.#at;
    const at = [...place, 'parameters', BINARY_DATA_SIZE];
    if (!Number.isSafeInteger(size) || (size as number) < 0) {
      throw unexpected(at, 'a number of bytes', size);
    }
    if ((size as number) > left) {
      throw unexpected(at, `at most the ${left} bytes that are left of the body`, size);
    }
    const bytes = this.#bytes.subarray(this.#at, this.#at + (size as number));
    this.#at += size as number;
    return readRaw(bytes, datatype, shape, [...place, 'data']);
  }

  /** @throws {InvalidRequest} where there is more than inputs have asked for */
  end(): void {
    if (this.#at === this.#bytes.length) return;
    throw new InvalidRequest(
      `Expected ${this.#at} bytes behind the JSON, as the inputs say, got ${this.#bytes.length}`,
    );
  }
}

/** A request of nothing but the bytes of an input, which wants its outputs in the same way. */
function readBareRequest(body: Buffer, inputs: readonly ExpectedTensor[]): InferenceRequest {
  const [input] = inputs;
  if (input === undefined || inputs.length > 1) {
    throw new InvalidRequest(
      `Expected JSON before the bytes, as the model takes ${inputs.length} inputs, got ${HEADER_LENGTH}: 0`,
    );
  }
  const place = ['inputs', 0, 'data'];
  const shape = deducedShape(input, body.length, place);
  const { name, datatype } = input;
  const elements = datatype === 'BYTES' ? [body] : readRaw(body, datatype, shape, place);
  return {
    parameters: { [BINARY_DATA_OUTPUT]: true },
    inputs: [{ name, datatype, shape, elements }],
  };
}

/** The shape that so many bytes must have. */
function deducedShape({ datatype, shape }: ExpectedTensor, bytes: number, place: Path): number[] {
  const isOpen = (dimension: number) => dimension < 0;
  const open = shape.filter(isOpen).length;
  // Several rows would need JSON: where more is open than the size can tell, it is one.
  const [first, ...rest] = shape;
  const known = open > 1 && isOpen(first!) ? [1, ...rest] : [...shape];
  const last = known.findIndex(isOpen);
  if (datatype === 'BYTES') {
    if (known.every((dimension) => dimension === 1 || isOpen(dimension))) return known.map(() => 1);
    throw refusal(place, 'expected JSON before the bytes of more than one element, got none');
  }
  if (known.filter(isOpen).length > 1) {
    throw refusal(place, 'expected JSON before the bytes, as their shape is not known, got none');
  }
  if (last < 0) return known;
  const others = known.reduce((product, size) => (isOpen(size) ? product : product * size), 1);
  known[last] = Math.floor(bytes / (NUMERIC[datatype].width * Math.max(others, 1)));
  return known;
}
