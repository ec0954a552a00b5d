import protobuf, { type Root } from 'protobufjs';

const SOURCE = `
  syntax = "proto3";

  enum Color { NONE = 0; RED = 1; }
  message Inner { string some_text = 1; double number = 2; }
  message Request {
    string user_name = 1;
    int64 big_number = 2;
    Color color = 3;
    bytes data = 4;
    repeated Inner items = 5;
    map<string, int32> counts = 6;
    double number = 7;
    bool fail = 8;
  }
  message Response { int64 run = 1; repeated string words = 2; }
`;

/** A request with every kind of field that can be written in several ways. */
export function entrySchema(): Root {
  return protobuf.parse(SOURCE, { keepCase: true }).root;
}

/** The same and one more field. */
export function widerSchema(): Root {
  const source = SOURCE.replace('bool fail = 8;', 'bool fail = 8; string more = 9;');
  return protobuf.parse(source, { keepCase: true }).root;
}
