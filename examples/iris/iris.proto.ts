// Generated from iris.proto by `nestjs-model-serving types`. Do not edit.

import { protobufSchema, type Float, type MapLike } from "nestjs-model-serving";

/** One flower, in centimetres. All measures are needed. */
export interface RequestInput {
  sepalLength?: Float;
  sepalWidth?: Float;
  petalLength?: Float;
  petalWidth?: Float;
}

/** One flower, in centimetres. All measures are needed. */
export interface RequestOutput {
  sepalLength?: Float | undefined;
  sepalWidth?: Float | undefined;
  petalLength?: Float | undefined;
  petalWidth?: Float | undefined;
}

export interface ResponseInput {
  species?: Response_SpeciesInput;
  /** How probable each species is, from 0 to 1. */
  probabilities?: Record<string, Float>;
}

export interface ResponseOutput {
  species?: Response_SpeciesOutput | undefined;
  /** How probable each species is, from 0 to 1. */
  probabilities?: MapLike<Float> | undefined;
}

export type Response_Species =
  "UNKNOWN" | "SETOSA" | "VERSICOLOR" | "VIRGINICA";
export type Response_SpeciesInput = Response_Species | number;
export type Response_SpeciesOutput = Response_Species | number;

const files = {
  "iris.proto": `syntax = "proto3";

service Iris {
  rpc Classify(Request) returns (Response);
}

// One flower, in centimetres. All measures are needed.
message Request {
  optional double sepal_length = 1;
  optional double sepal_width = 2;
  optional double petal_length = 3;
  optional double petal_width = 4;
}

message Response {
  enum Species {
    UNKNOWN = 0;
    SETOSA = 1;
    VERSICOLOR = 2;
    VIRGINICA = 3;
  }
  Species species = 1;
  // How probable each species is, from 0 to 1.
  map<string, double> probabilities = 2;
}
`,
};

export const irisSchema = protobufSchema<RequestInput, ResponseOutput>({
  file: "iris.proto",
  files,
});

export const classifySchema = protobufSchema<RequestInput, ResponseOutput>(
  { file: "iris.proto", files },
  { rpc: "Iris.Classify" },
);
