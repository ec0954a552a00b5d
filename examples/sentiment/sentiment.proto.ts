// Generated from sentiment.proto by `nestjs-model-serving types`. Do not edit.

import {
  protobufSchema,
  type Float,
  type ListLike,
} from "nestjs-model-serving";

export interface RequestInput {
  text?: string;
}

export interface RequestOutput {
  text?: string | undefined;
}

export interface ResponseInput {
  sentiment?: Response_SentimentInput;
  /** From -1, wholly negative, to 1, wholly positive. */
  score?: Float;
  sentences?: Response_SentenceInput[];
}

export interface ResponseOutput {
  sentiment?: Response_SentimentOutput | undefined;
  /** From -1, wholly negative, to 1, wholly positive. */
  score?: Float | undefined;
  sentences?: ListLike<Response_SentenceOutput> | undefined;
}

export type Response_Sentiment =
  "UNKNOWN" | "NEGATIVE" | "NEUTRAL" | "POSITIVE";
export type Response_SentimentInput = Response_Sentiment | number;
export type Response_SentimentOutput = Response_Sentiment | number;

export interface Response_SentenceInput {
  text?: string;
  score?: Float;
}

export interface Response_SentenceOutput {
  text?: string | undefined;
  score?: Float | undefined;
}

const files = {
  "sentiment.proto": `syntax = "proto3";

message Request {
  string text = 1;
}

message Response {
  enum Sentiment {
    UNKNOWN = 0;
    NEGATIVE = 1;
    NEUTRAL = 2;
    POSITIVE = 3;
  }
  message Sentence {
    string text = 1;
    optional double score = 2;
  }
  Sentiment sentiment = 1;
  // From -1, wholly negative, to 1, wholly positive.
  optional double score = 2;
  repeated Sentence sentences = 3;
}
`,
};

export const sentimentSchema = protobufSchema<RequestInput, ResponseOutput>({
  file: "sentiment.proto",
  files,
});
