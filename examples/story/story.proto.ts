// Generated from story.proto by `nestjs-model-serving types`. Do not edit.

import { protobufSchema } from "nestjs-model-serving";

export interface RequestInput {
  /** What the story begins with. */
  prompt?: string;
  /** How long it gets; 50 words where nothing is said. */
  words?: number;
}

export interface RequestOutput {
  /** What the story begins with. */
  prompt?: string | undefined;
  /** How long it gets; 50 words where nothing is said. */
  words?: number | undefined;
}

export interface ResponseInput {
  word?: string;
}

export interface ResponseOutput {
  word?: string | undefined;
}

const files = {
  "story.proto": `syntax = "proto3";

message Request {
  // What the story begins with.
  string prompt = 1;
  // How long it gets; 50 words where nothing is said.
  uint32 words = 2;
}

message Response {
  string word = 1;
}
`,
};

export const storySchema = protobufSchema<RequestInput, ResponseOutput>({
  file: "story.proto",
  files,
});
