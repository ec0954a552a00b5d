import { isUtf8 } from 'node:buffer';
import type { Readable } from 'node:stream';
import { Dicer } from '@fastify/busboy';
import { InvalidRequest, ServingError } from '../errors/index.js';
import type { Part } from '../schema/index.js';
import { parseParameters } from './header-parameters.js';

/** Parts of a form, at most: each of them costs more than its bytes. */
export const MAX_PARTS = 1_000;
/** RFC 2046, 5.1.1. */
const LONGEST_BOUNDARY = 70;
/** What the parser gets at once. No head of a part is longer than two of these. */
const SLICE = 16 * 1024;

/** A part that is being read. */
interface OpenPart {
  readonly stream: Readable;
  /** Known when its head has ended. */
  name: string | undefined;
}

/**
 * The parts of a form of the type `multipart/form-data` (RFC 7578), each with the bytes it holds, whether
 * they are of a file or not.
 *
 * @throws {InvalidRequest} for what is no form, or not a whole one
 * @throws {ServingError} `PayloadTooLarge` for parts or heads beyond bounds
 */
export function readMultipart(contentType: string, body: Buffer): Promise<readonly Part[]> {
  const boundary = parseParameters(contentType)?.parameters.get('boundary');
  if (!boundary || boundary.length > LONGEST_BOUNDARY) {
    throw new InvalidRequest(
      `Expected the Content-Type of a form to name its boundary, of at most ${LONGEST_BOUNDARY} characters`,
    );
  }
  const open: OpenPart[] = [];
  // The body is in memory already: the parser is never to wait until a part of it has been read.
  const options = { boundary, partHwm: body.length + 1 };
  const parser = new Dicer(options);
  parser.on('part', (stream: Readable) => {
    if (open.length === MAX_PARTS) throw tooManyParts();
    const part: OpenPart = { stream, name: undefined };
    open.push(part);
    stream.on('header', (head: PartHead) => (part.name = nameOf(head)));
    stream.on('error', () => {}); // it comes from the parser as well
  });
  const whole = new Promise<void>((resolve, reject) => {
    parser.on('finish', resolve);
    parser.on('error', (cause) =>
      reject(new InvalidRequest('The form ends before its last boundary', { cause })),
    );
  });

  for (let start = 0; start < body.length; start += SLICE) {
    const begun = open.at(-1);
    parser.write(body.subarray(start, start + SLICE));
    if (begun?.name === undefined && begun !== undefined && open.at(-1) === begun) {
      throw new ServingError('PayloadTooLarge', `Expected parts with heads below ${SLICE} bytes`);
    }
  }
  const parts = open.map(({ name, stream }) => ({
    name,
    content: (stream.read() as Buffer | null) ?? NOTHING,
  }));
  parser.end();
  return whole.then(() => {
    if (parts.every(isNamed)) return parts;
    throw new InvalidRequest('A part of the form has no head');
  });
}

const NOTHING = Buffer.alloc(0);

function isNamed(part: { readonly name: string | undefined }): part is Part {
  return part.name !== undefined;
}

/** The fields of a part's head, by their names in lower case. */
type PartHead = Readonly<Record<string, readonly string[]>>;

/** The name of the field that a part is for. */
function nameOf(head: PartHead): string {
  const [disposition = '', another] = head['content-disposition'] ?? [];
  const { value, parameters } = parseParameters(disposition) ?? {};
  const name = parameters?.get('name');
  if (value !== 'form-data' || name === undefined || another !== undefined) {
    throw new InvalidRequest(
      'Expected each part of the form to say Content-Disposition: form-data with a name',
    );
  }
  const [type = ''] = head['content-type'] ?? [];
  if (/^\s*multipart\//i.test(type)) {
    throw new InvalidRequest('Expected a form of plain parts, got one that holds a multipart');
  }
  const [encoding = '8bit'] = head['content-transfer-encoding'] ?? [];
  if (!/^\s*(?:7bit|8bit|binary)\s*$/i.test(encoding)) {
    throw new InvalidRequest('Expected the parts of the form without a Content-Transfer-Encoding');
  }
  // Heads are read as Latin-1, and browsers write names in UTF-8, line ends and quotes as percent codes.
  const bytes = Buffer.from(name, 'latin1');
  if (!isUtf8(bytes)) throw new InvalidRequest('A name of the form is not valid UTF-8');
  return bytes
    .toString()
    .replaceAll(/%(0D|0A|22)/g, (_, code: string) => String.fromCharCode(parseInt(code, 16)));
}

export function tooManyParts(): ServingError {
  return new ServingError('PayloadTooLarge', `Expected a form of at most ${MAX_PARTS} parts`);
}
