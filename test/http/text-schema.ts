import protobuf, { type Root } from 'protobufjs';

const SOURCE = `
  syntax = "proto3";
  import "google/protobuf/struct.proto";

  message Request {
    string text = 1;
    int32 count = 2;
    repeated Item items = 3;
    map<string, string> labels = 4;
    Request inner = 5;
    google.protobuf.Struct extra = 6;
  }
  message Item { string name = 1; }
  message Response {
    string text = 1;
    int32 count = 2;
    repeated Item items = 3;
    map<string, string> labels = 4;
    Request inner = 5;
    google.protobuf.Struct extra = 6;
  }
`;

/** A request of common kinds of fields, and a response that can echo it. */
export function textSchema(): Root {
  const { root } = protobuf.parse(SOURCE, { keepCase: true });
  return root.addJSON(protobuf.common.get('google/protobuf/struct.proto')!.nested!) as Root;
}
