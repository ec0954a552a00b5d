// Generated from summary.proto by `nestjs-model-serving types`. Do not edit.

import { protobufSchema, type ListLike } from "nestjs-model-serving";

export interface RequestInput {
  /** A transcript, or whatever else has many sentences. */
  text?: string;
  /** How many of them say the most; 3 where nothing is said. */
  sentences?: number;
}

export interface RequestOutput {
  /** A transcript, or whatever else has many sentences. */
  text?: string | undefined;
  /** How many of them say the most; 3 where nothing is said. */
  sentences?: number | undefined;
}

export interface ResponseInput {
  /** In the order in which the text has them. */
  sentences?: string[];
}

export interface ResponseOutput {
  /** In the order in which the text has them. */
  sentences?: ListLike<string> | undefined;
}

const files = {
  "summary.proto": `syntax = "proto3";

message Request {
  // A transcript, or whatever else has many sentences.
  string text = 1;
  // How many of them say the most; 3 where nothing is said.
  uint32 sentences = 2;
}

message Response {
  // In the order in which the text has them.
  repeated string sentences = 1;
}
`,
};

export const summarySchema = protobufSchema<RequestInput, ResponseOutput>({
  file: "summary.proto",
  files,
});
