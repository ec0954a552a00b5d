// Generated from picture.proto by `nestjs-model-serving types`. Do not edit.

import {
  protobufSchema,
  type BytesLike,
  type Float,
} from "nestjs-model-serving";

export interface RequestInput {
  /** A PNG, JPEG, WebP, GIF or AVIF. */
  image?: Uint8Array;
  /** Whether it is drawn in white on black. */
  inverted?: boolean;
}

export interface RequestOutput {
  /** A PNG, JPEG, WebP, GIF or AVIF. */
  image?: BytesLike | undefined;
  /** Whether it is drawn in white on black. */
  inverted?: boolean | undefined;
}

export interface ResponseInput {
  shape?: Response_ShapeInput;
  /** How probable that is, from 0 to 1. */
  probability?: Float;
}

export interface ResponseOutput {
  shape?: Response_ShapeOutput | undefined;
  /** How probable that is, from 0 to 1. */
  probability?: Float | undefined;
}

export type Response_Shape = "UNKNOWN" | "CIRCLE" | "CROSS" | "SQUARE";
export type Response_ShapeInput = Response_Shape | number;
export type Response_ShapeOutput = Response_Shape | number;

const files = {
  "picture.proto": `syntax = "proto3";

message Request {
  // A PNG, JPEG, WebP, GIF or AVIF.
  bytes image = 1;
  // Whether it is drawn in white on black.
  bool inverted = 2;
}

message Response {
  enum Shape {
    UNKNOWN = 0;
    CIRCLE = 1;
    CROSS = 2;
    SQUARE = 3;
  }
  Shape shape = 1;
  // How probable that is, from 0 to 1.
  float probability = 2;
}
`,
};

export const pictureSchema = protobufSchema<RequestInput, ResponseOutput>({
  file: "picture.proto",
  files,
});
