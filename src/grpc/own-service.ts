import type {
  MethodDefinition,
  Server,
  ServerInterceptingCall,
  ServerInterceptingCallInterface,
} from '@grpc/grpc-js';
import protobuf from 'protobufjs';
import type { Endpoint } from '../endpoint/endpoint.js';
import { compileSchema, type MessageCodec } from '../schema/index.js';

/** A service of the library's own, which no endpoint is. */
export interface OwnService {
  /** Its full name, or several where it is there in several versions. */
  readonly names: readonly string[];
  /** What declares it. */
  readonly protos: readonly OwnProto[];
  /** Those that it serves: it is healthy while each of them is. */
  readonly endpoints?: readonly Endpoint[];
  /** Bytes that a message for it may have, where it takes large ones. */
  readonly messageLimit?: number;
  addTo(server: Server): void;
  /** Takes a call of one of its methods before grpc-js reads it. */
  intercept?(
    path: string,
    wire: ServerInterceptingCallInterface,
  ): ServerInterceptingCall | undefined;
  /** Tells clients what has changed. */
  tell?(): void;
  /** Ends what clients have left open: nothing else would end their connections. */
  end(): void;
}

/** A .proto file of the library's own. */
export class OwnProto {
  readonly root: protobuf.Root;

  /** @param path how reflection names the file */
  constructor(path: string, text: string) {
    const parsed = protobuf.parse(text);
    this.root = parsed.root;
    const declared = parsed.root.lookup(parsed.package!) as protobuf.Namespace;
    for (const object of declared.nestedArray) object.filename = path;
    this.root.resolveAll();
  }

  /** Reads and writes a message. */
  codec(name: string): MessageCodec {
    return compileSchema({ request: this.root.lookupType(name) }, name).request!;
  }
}

/** A method of bare bytes, which its handler reads and writes. */
export function bareMethod(
  path: string,
  { requestStream, responseStream }: { requestStream: boolean; responseStream: boolean },
): MethodDefinition<Buffer, Buffer> {
  return {
    path,
    requestStream,
    responseStream,
    requestSerialize: asItIs,
    requestDeserialize: asItIs,
    responseSerialize: asItIs,
    responseDeserialize: asItIs,
  };
}

function asItIs(bytes: Buffer): Buffer {
  return bytes;
}
