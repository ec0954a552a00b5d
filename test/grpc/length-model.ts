import { ModelEndpoint, protobufSchema } from 'nestjs-model-serving';

export const LENGTH_PROTO = `
  syntax = "proto3"; package acme;
  message Request { string text = 1; } message Response { int32 length = 1; }
  service Model { rpc Run(Request) returns (Response); }`;

const files = { file: 'a.proto', files: { 'a.proto': LENGTH_PROTO } };

/** Answers with the length of a text, by HTTP and as `acme.Model/Run`. */
@ModelEndpoint('/run', protobufSchema(files, { rpc: 'Model.Run' }))
export class LengthModel {
  predict({ text = '' }: { text?: string }) {
    return { length: text.length };
  }
}
