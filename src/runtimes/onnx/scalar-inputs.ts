import { open, type FileHandle } from 'node:fs/promises';

// Numbers of fields in onnx.proto: ModelProto.graph, GraphProto.input, ValueInfoProto.name and
// .type, TypeProto.tensor_type, TypeProto.Tensor.shape.
const GRAPH = 7;
const INPUT = 11;
const NAME = 1;
const SHAPE = [2, 1, 2];

/**
 * The names of the inputs that a model's file declares to be scalars. ONNX Runtime reports them as
 * it does inputs of unknown rank, and checks neither. A file of another form has none to tell.
 */
export async function scalarInputs(file: string): Promise<ReadonlySet<string>> {
  const scalars = new Set<string>();
  const handle = await open(file);
  try {
    const bytes = new FileBytes(handle);
    const model = { number: 0, start: 0, end: (await handle.stat()).size };
    for await (const graph of bytes.fields(model, GRAPH)) {
      for await (const input of bytes.fields(graph, INPUT)) {
        const shape = await bytes.find(input, SHAPE);
        const name = await bytes.find(input, [NAME]);
        if (shape && name && shape.start === shape.end) scalars.add(await bytes.text(name));
      }
    }
  } finally {
    await handle.close();
  }
  return scalars;
}

/** A length-delimited field of a protobuf message, and where its bytes are. */
interface Field {
  readonly number: number;
  readonly start: number;
  readonly end: number;
}

/** Protobuf's wire format, read through a window of the file: weights are passed over unread. */
class FileBytes {
  readonly #handle: FileHandle;
  readonly #window = Buffer.alloc(1 << 16);
  #windowStart = 0;
  #windowEnd = 0;

  constructor(handle: FileHandle) {
    this.#handle = handle;
  }

  /** The fields of a message that have this number; ends where the bytes are no message. */
  async *fields(message: Field, wanted: number): AsyncGenerator<Field> {
    let at = message.start;
    while (at < message.end) {
      const [tag, body] = await this.#varint(at);
      const wireType = tag % 8;
      if (wireType === 2) {
        const [length, start] = await this.#varint(body);
        at = start + length;
        const number = Math.floor(tag / 8);
        if (number === wanted && at <= message.end) yield { number, start, end: at };
      } else if (wireType === 0) {
        at = (await this.#varint(body))[1];
      } else if (wireType === 1 || wireType === 5) {
        at = body + (wireType === 1 ? 8 : 4);
      } else {
        return;
      }
    }
  }

  /** The field at the end of a path of fields. */
  async find(message: Field, [number, ...rest]: readonly number[]): Promise<Field | undefined> {
    if (number === undefined) return message;
    for await (const field of this.fields(message, number)) return this.find(field, rest);
    return undefined;
  }

  async text({ start, end }: Field): Promise<string> {
    const { buffer, bytesRead } = await this.#handle.read(
      Buffer.alloc(end - start),
      0,
      end - start,
      start,
    );
    return buffer.toString('utf8', 0, bytesRead);
  }

  /** A number and the position behind it. */
  async #varint(at: number): Promise<[value: number, next: number]> {
    let value = 0;
    for (let i = 0; ; i++) {
      const byte = await this.#byte(at + i);
      value += (byte % 128) * 2 ** (7 * i);
      if (byte < 128) return [value, at + i + 1];
    }
  }

  async #byte(at: number): Promise<number> {
    if (at < this.#windowStart || at >= this.#windowEnd) {
      const { bytesRead } = await this.#handle.read(this.#window, 0, this.#window.length, at);
      this.#windowStart = at;
      this.#windowEnd = at + bytesRead;
    }
    // Nothing behind the file's end; 0 ends a number.
    return at < this.#windowEnd ? this.#window[at - this.#windowStart]! : 0;
  }
}
