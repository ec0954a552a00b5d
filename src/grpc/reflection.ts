import { status, type Server, type ServerDuplexStream } from '@grpc/grpc-js';
import { InvalidRequest } from '../errors/index.js';
import { fileDescriptorsOf, type FileDescriptor } from '../schema/descriptor/file-descriptors.js';
import { bareMethod, OwnProto, type OwnService } from './own-service.js';
import { MALFORMED } from './refusal.js';

/** The two have the same messages; grpcurl asks for both. */
const PROTOS = ['v1', 'v1alpha'].map(
  (version) =>
    new OwnProto(
      `grpc/reflection/${version}/reflection.proto`,
      `
  syntax = "proto3";
  package grpc.reflection.${version};
  service ServerReflection {
    rpc ServerReflectionInfo(stream ServerReflectionRequest) returns (stream ServerReflectionResponse);
  }
  message ServerReflectionRequest {
    string host = 1;
    oneof message_request {
      string file_by_filename = 3;
      string file_containing_symbol = 4;
      ExtensionRequest file_containing_extension = 5;
      string all_extension_numbers_of_type = 6;
      string list_services = 7;
    }
  }
  message ExtensionRequest { string containing_type = 1; int32 extension_number = 2; }
  message ServerReflectionResponse {
    string valid_host = 1;
    ServerReflectionRequest original_request = 2;
    oneof message_response {
      FileDescriptorResponse file_descriptor_response = 4;
      ExtensionNumberResponse all_extension_numbers_response = 5;
      ListServiceResponse list_services_response = 6;
      ErrorResponse error_response = 7;
    }
  }
  message FileDescriptorResponse { repeated bytes file_descriptor_proto = 1; }
  message ExtensionNumberResponse { string base_type_name = 1; repeated int32 extension_number = 2; }
  message ListServiceResponse { repeated ServiceResponse service = 1; }
  message ServiceResponse { string name = 1; }
  message ErrorResponse { int32 error_code = 1; string error_message = 2; }
`,
    ),
);
const NAMES = ['v1', 'v1alpha'].map((version) => `grpc.reflection.${version}.ServerReflection`);

interface Request {
  readonly host?: string;
  readonly fileByFilename?: string;
  readonly fileContainingSymbol?: string;
  readonly fileContainingExtension?: { containingType?: string; extensionNumber?: number };
  readonly allExtensionNumbersOfType?: string;
  readonly listServices?: string;
}

/** Both versions have the same bytes. */
function codec(message: string) {
  return PROTOS[0]!.codec(`grpc.reflection.v1.${message}`);
}

type Stream = ServerDuplexStream<Buffer, Buffer>;

/** `grpc.reflection`: tells which services there are, and hands out the files that declare them. */
export class ReflectionService implements OwnService {
  readonly names = NAMES;
  readonly protos = PROTOS;
  readonly #services: readonly string[];
  readonly #files: readonly FileDescriptor[];
  readonly #request = codec('ServerReflectionRequest');
  readonly #response = codec('ServerReflectionResponse');
  readonly #streams = new Set<Stream>();
  #isEnding = false;

  /** @param services their full names */
  constructor(services: readonly string[], files: readonly FileDescriptor[]) {
    this.#services = [...services, ...NAMES];
    this.#files = [...files, ...PROTOS.flatMap(({ root }) => fileDescriptorsOf(root))];
  }

  addTo(server: Server): void {
    for (const name of NAMES) {
      const path = `/${name}/ServerReflectionInfo`;
      const method = bareMethod(path, { requestStream: true, responseStream: true });
      server.addService({ info: method }, { info: (stream: Stream) => this.#serve(stream) });
    }
  }

  end(): void {
    this.#isEnding = true;
    for (const stream of this.#streams) stream.end();
  }

  #serve(stream: Stream): void {
    this.#streams.add(stream);
    stream.on('cancelled', () => this.#streams.delete(stream));
    stream.on('data', (bytes: Buffer) => {
      // What comes behind a malformed request, or when the app ends: an answer would keep the status back.
      if (stream.writableEnded) return;
      try {
        const request = this.#request.readBinary(bytes) as Request;
        const { host } = request;
        const told = this.#tell(request);
        // A client that asks faster than it reads waits for its answers.
        const isFull = !stream.write(
          this.#response.encode({
            ...(host && { validHost: host }),
            originalRequest: request,
            ...told,
          }),
        );
        if (!isFull) return;
        stream.pause();
        stream.once('drain', () => stream.resume());
      } catch (error) {
        if (!(error instanceof InvalidRequest)) throw error;
        stream.emit('error', MALFORMED);
      }
    });
    stream.on('end', () => stream.end());
    if (this.#isEnding) stream.end();
  }

  #tell(request: Request): object {
    if (request.listServices !== undefined) {
      return { listServicesResponse: { service: this.#services.map((name) => ({ name })) } };
    }
    if (request.fileByFilename !== undefined) {
      const name = request.fileByFilename;
      return this.#tellFile((file) => file.name === name, `the file "${name}"`);
    }
    if (request.fileContainingSymbol !== undefined) {
      const symbol = request.fileContainingSymbol.replace(/^\./, '');
      return this.#tellFile(({ symbols }) => symbols.has(symbol), `the symbol "${symbol}"`);
    }
    if (request.fileContainingExtension !== undefined) {
      const { containingType: type = '', extensionNumber = 0 } = request.fileContainingExtension;
      const isIt = ({ extendee, number }: FileDescriptor['extensions'][number]) =>
        extendee === type.replace(/^\./, '') && number === extensionNumber;
      return this.#tellFile(
        ({ extensions }) => extensions.some(isIt),
        `the extension ${extensionNumber} of "${type}"`,
      );
    }
    if (request.allExtensionNumbersOfType !== undefined) {
      return this.#tellExtensions(request.allExtensionNumbersOfType);
    }
    return errorOf(status.INVALID_ARGUMENT, 'The request asks for nothing');
  }

  #tellFile(isIt: (file: FileDescriptor) => boolean, what: string): object {
    const file = this.#files.find(isIt);
    if (file === undefined) return errorOf(status.NOT_FOUND, `There is no file with ${what}`);
    return {
      fileDescriptorResponse: {
        fileDescriptorProto: [...withDependencies(file)].map(({ bytes }) =>
          Buffer.from(bytes).toString('base64'),
        ),
      },
    };
  }

  #tellExtensions(name: string): object {
    const type = name.replace(/^\./, '');
    if (!this.#files.some(({ symbols }) => symbols.has(type))) {
      return errorOf(status.NOT_FOUND, `There is no message "${type}"`);
    }
    const numbers = this.#files
      .flatMap(({ extensions }) => extensions)
      .filter(({ extendee }) => extendee === type)
      .map(({ number }) => number);
    return {
      allExtensionNumbersResponse: {
        baseTypeName: type,
        ...(numbers.length > 0 && { extensionNumber: [...new Set(numbers)] }),
      },
    };
  }
}

/** A file first, and all that it needs behind it, each once. */
function withDependencies(file: FileDescriptor): ReadonlySet<FileDescriptor> {
  const files = new Set([file]);
  // A set can be walked while it grows.
  for (const { dependencies } of files) for (const needed of dependencies) files.add(needed);
  return files;
}

function errorOf(errorCode: number, errorMessage: string): object {
  return { errorResponse: { errorCode, errorMessage } };
}
