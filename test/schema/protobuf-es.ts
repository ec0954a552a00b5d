import {
  createFileRegistry,
  fromBinary,
  fromJson,
  toBinary,
  toJson,
  type DescMessage,
  type JsonValue,
  type Registry,
} from '@bufbuild/protobuf';
import { FileDescriptorSetSchema } from '@bufbuild/protobuf/wkt';
import { descriptorSetOf } from './protoc.js';

const IMPORTS = ['any', 'duration', 'empty', 'field_mask', 'struct', 'timestamp', 'wrappers']
  .map((file) => `import "google/protobuf/${file}.proto";`)
  .join('\n');

/** One message type as protobuf-es reads and writes it: the oracle of the binary form. */
export class EsMessage {
  readonly #type: DescMessage;
  readonly #registry: Registry;

  /** @param text of a schema, without its imports of well-known types */
  constructor(text: string, name: string) {
    const withImports = text.replace(
      /^(?:syntax|edition) = .*?;/,
      (first) => `${first}\n${IMPORTS}`,
    );
    const set = fromBinary(FileDescriptorSetSchema, descriptorSetOf(withImports));
    const registry = createFileRegistry(set);
    const type = registry.getMessage(name);
    if (type === undefined) throw new Error(`the schema has no ${name}`);
    this.#type = type;
    this.#registry = registry;
  }

  bytesOfJson(json: unknown): Uint8Array {
    return toBinary(
      this.#type,
      fromJson(this.#type, json as JsonValue, { registry: this.#registry }),
    );
  }

  jsonOfBytes(bytes: Uint8Array): unknown {
    return toJson(this.#type, fromBinary(this.#type, bytes), { registry: this.#registry });
  }

  /** What another serialiser may have written, in the one way of this one. */
  sameBytes(bytes: Uint8Array): Uint8Array {
    return toBinary(this.#type, fromBinary(this.#type, bytes));
  }
}
