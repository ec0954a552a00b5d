import { Controller } from '@nestjs/common';
import { ModelEndpoint } from 'nestjs-model-serving';
import protobuf from 'protobufjs';

const PROTO = `
  syntax = "proto3";
  import "google/protobuf/timestamp.proto";
  import "google/protobuf/wrappers.proto";
  import "google/protobuf/struct.proto";
  enum Mode { FAST = 0; EXACT = 1; }
  message Inner { string deep = 1; repeated int32 sizes = 2; Inner inner = 3; int64 id = 4; }
  message Request {
    bytes image = 1;
    string label = 2;
    double score = 3;
    int64 big = 4;
    bool flag = 5;
    Mode mode = 6;
    repeated float weights = 7;
    repeated string tags = 8;
    repeated bytes chunks = 9;
    Inner inner = 10;
    repeated Inner inners = 11;
    map<string, int32> counts = 12;
    google.protobuf.Timestamp at = 13;
    google.protobuf.BoolValue maybe = 14;
    google.protobuf.Value anything = 15;
    optional int32 snake_case = 16;
  }
  message Response { Request request = 1; int32 size = 2; repeated string kinds = 3; }
  message Text { string text = 1; repeated bytes files = 2; }
`;

export const root = new protobuf.Root();
for (const file of ['timestamp', 'wrappers', 'struct']) {
  root.addJSON(protobuf.common.get(`google/protobuf/${file}.proto`)!.nested!);
}
protobuf.parse(PROTO, root);
export const RequestType = root.lookupType('Request');
export const ResponseType = root.lookupType('Response');

interface PictureRequest {
  image?: Uint8Array;
  chunks?: Uint8Array[];
}

const types = { request: RequestType, response: ResponseType };

/** Says what it was given. */
function echo(request: PictureRequest) {
  const bytes = [request.image, ...(request.chunks ?? [])].filter((each) => each !== undefined);
  return {
    request,
    size: bytes.reduce((sum, { length }) => sum + length, 0),
    kinds: bytes.map((each) => each.constructor.name),
  };
}

@Controller()
export class PictureModels {
  calls = 0;

  @ModelEndpoint('/picture', types, { bodyLimit: 4 * 1024 * 1024 })
  picture(request: PictureRequest) {
    return echo(request);
  }

  @ModelEndpoint('/cached', types, { cache: true })
  cached(request: PictureRequest) {
    this.calls++;
    return { ...echo(request), kinds: [`call ${this.calls}`] };
  }

  @ModelEndpoint('/text', { request: root.lookupType('Text') })
  text(request: object) {
    return request;
  }

  @ModelEndpoint('/free')
  free(request: object) {
    return request;
  }

  @ModelEndpoint('/wrong', types)
  wrong() {
    return { size: 'many' };
  }
}
