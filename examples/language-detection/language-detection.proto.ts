// Generated from language-detection.proto by `nestjs-model-serving types`. Do not edit.

import {
  protobufSchema,
  type Float,
  type ListLike,
} from "nestjs-model-serving";

/** An article, or what there is of it. */
export interface RequestInput {
  title?: string;
  body?: string;
  /** Further texts that belong to the article: captions, tags, comments. */
  enrichments?: string[];
}

/** An article, or what there is of it. */
export interface RequestOutput {
  title?: string | undefined;
  body?: string | undefined;
  /** Further texts that belong to the article: captions, tags, comments. */
  enrichments?: ListLike<string> | undefined;
}

export interface ResponseInput {
  /** ISO 639-1, or "und" where the text is in no language the model knows. */
  language?: string;
  /** From 0 to 1. */
  confidence?: Float;
  /** The model that gave the answer. */
  version?: string;
}

export interface ResponseOutput {
  /** ISO 639-1, or "und" where the text is in no language the model knows. */
  language?: string | undefined;
  /** From 0 to 1. */
  confidence?: Float | undefined;
  /** The model that gave the answer. */
  version?: string | undefined;
}

const files = {
  "language-detection.proto": `syntax = "proto3";

// An article, or what there is of it.
message Request {
  optional string title = 1;
  optional string body = 2;
  // Further texts that belong to the article: captions, tags, comments.
  repeated string enrichments = 3;
}

message Response {
  // ISO 639-1, or "und" where the text is in no language the model knows.
  string language = 1;
  // From 0 to 1.
  double confidence = 2;
  // The model that gave the answer.
  string version = 3;
}
`,
};

export const languageDetectionSchema = protobufSchema<
  RequestInput,
  ResponseOutput
>({ file: "language-detection.proto", files });
