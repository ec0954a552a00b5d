import { basename } from 'node:path/posix';
import descriptor, { type IFileDescriptorProto } from 'protobufjs/ext/descriptor.js';

const { FileDescriptorProto } = descriptor;

export interface NamedFile {
  readonly name: string;
  /** A `google.protobuf.FileDescriptorProto`. */
  readonly bytes: Uint8Array;
}

/**
 * Gives files their names. A client that keeps all it is given takes two of one name for the same, and
 * refuses what two files declare.
 */
export class NamedFiles {
  readonly #byName = new Map<string, NamedFile>();
  readonly #byContent = new Map<string, NamedFile>();

  /**
   * Gives a file the name that it has as another root's, else its own, else one that no file with other
   * contents has.
   */
  name(given: string, proto: IFileDescriptorProto): NamedFile {
    const content = Buffer.from(encode(proto)).toString('latin1');
    const known = this.#byContent.get(content);
    if (known !== undefined) return known;
    const name = this.#free(given, proto.package ?? '');
    const named = { name, bytes: encode({ ...proto, name }) };
    this.#byName.set(name, named);
    this.#byContent.set(content, named);
    return named;
  }

  #free(given: string, packageName: string): string {
    for (const name of namesFor(given, packageName)) if (!this.#byName.has(name)) return name;
    throw new Error('There is always one more name');
  }
}

/** Its own, that in the folder of its package, and numbered ones. */
function* namesFor(name: string, packageName: string): Iterable<string> {
  yield name;
  const own = `${packageName.replaceAll('.', '/')}/${basename(name)}`.replace(/^\//, '');
  yield own;
  for (let number = 2; ; number++) yield own.replace(/(\.proto)?$/, `.${number}$1`);
}

function encode(proto: IFileDescriptorProto): Uint8Array {
  return FileDescriptorProto.encode(FileDescriptorProto.fromObject(proto)).finish();
}
