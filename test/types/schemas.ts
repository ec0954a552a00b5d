/** .proto files of every kind, by name. */
export const SCHEMAS: Readonly<Record<string, string>> = {
  'common/shared.proto': `syntax = "proto3";
package acme.shared;
message Point { double x = 1; double y = 2; }
enum Unit { UNIT_UNSPECIFIED = 0; METRE = 1; }
message Request { string other = 1; }
`,
  'every-kind.proto': `syntax = "proto3";
package acme.kinds;
import "common/shared.proto";
import "google/protobuf/timestamp.proto";
import "google/protobuf/duration.proto";
import "google/protobuf/wrappers.proto";
import "google/protobuf/struct.proto";
import "google/protobuf/any.proto";
import "google/protobuf/empty.proto";
import "google/protobuf/field_mask.proto";

/* A request with \`ticks\`, \${dollars} and \\back\\slashes. */
message Request {
  // What it says. */ Not the end.
  string text = 1 [deprecated = true];
  oneof source { // of the source
    // Its address.
    string url = 2;
    bytes image = 3;
    Request again = 4;
  }
  oneof other { int64 a = 5; acme.shared.Point b = 6; }
  repeated Request children = 7;
  map<string, Request> named = 8;
  map<int64, bytes> blobs = 9;
  google.protobuf.Timestamp at = 10;
  google.protobuf.Duration took = 11;
  google.protobuf.Int64Value count = 12;
  google.protobuf.BytesValue blob = 13;
  google.protobuf.Value value = 14;
  google.protobuf.Struct object = 15;
  google.protobuf.ListValue list = 16;
  google.protobuf.Any any = 17;
  google.protobuf.Empty empty = 18;
  google.protobuf.FieldMask mask = 19;
  google.protobuf.NullValue nothing = 20;
  repeated float floats = 21;
  repeated int32 ints = 22;
  repeated int64 longs = 23;
  repeated bool bools = 24;
  repeated bytes manies = 25;
  repeated google.protobuf.Timestamp times = 26;
  acme.shared.Unit unit = 27;
  repeated acme.shared.Unit units = 28;
  string weird = 29 [json_name = "it's \\"odd\\""];
  Array array = 30;
  Inner.Uint8Array bytes = 31;
  Request_Inner clash = 32;
  Inner nested = 33;
  acme.shared.Request foreign = 34;
  optional bool flag = 35;
  double number = 36;
  message Inner {
    enum Uint8Array { ZERO = 0; }
    message Deep { Inner up = 1; }
    Deep deep = 1;
  }
}
message Request_Inner { bool is = 1; }
// What it is.
enum Array {
  option allow_alias = true;
  A0 = 0; // The first.
  A1 = 1;
  ALIAS = 1;
}
enum Record { R0 = 0; }
enum string { S0 = 0; }
message Lonely { oneof only { string one = 1; } }
message Response {
  oneof result { string ok = 1; Error error = 2; }
  message Error { string message = 1; }
}
service Classifier {
  // Classifies.
  rpc Classify(Request) returns (Response);
  rpc Stream(Request) returns (stream Response) { option deprecated = true; }
  rpc Upload(stream Request) returns (Response);
  rpc default(Lonely) returns (google.protobuf.Empty);
}
service Other { rpc Classify(Lonely) returns (acme.shared.Point); }
`,
  'proto2.proto': `syntax = "proto2";
message Old {
  required string name = 1;
  optional group Grp = 2 { optional int32 n = 1; }
  extensions 100 to 200;
  optional Color color = 3;
  repeated Color colors = 4;
  oneof choice { group Pick = 5 { optional bool yes = 1; } int32 no = 6; }
}
enum Color { RED = 1; GREEN = 2; }
extend Old { optional int32 extra = 100; repeated Old more = 101; }
`,
  'edition.proto': `edition = "2023";
package ed;
message Request {
  string a = 1 [features.field_presence = LEGACY_REQUIRED];
  E e = 2;
  M m = 3 [features.message_encoding = DELIMITED];
}
message M { int32 n = 1; }
enum E { option features.enum_type = CLOSED; X = 1; Y = 2; }
message Response { repeated E es = 1; }
`,
  'empty.proto': 'syntax = "proto3";\n',
  'pairs.proto': `syntax = "proto3";
message AddRequest { repeated string labels = 1; }
message AddResponse { int32 count = 1; }
message ResetRequest {}
message ResetResponse {}
`,
  '1-odd.name.proto': 'syntax = "proto3"; message Request { string a = 1; } message Response {}',
};
