// Generated from label-classifier.proto by `nestjs-model-serving types`. Do not edit.

import {
  protobufSchema,
  type Float,
  type ListLike,
} from "nestjs-model-serving";

export interface LabelInput {
  name?: string;
  /** What texts under this label are about, in a sentence or a few key words. */
  description?: string;
}

export interface LabelOutput {
  name?: string | undefined;
  /** What texts under this label are about, in a sentence or a few key words. */
  description?: string | undefined;
}

export interface AddRequestInput {
  labels?: LabelInput[];
}

export interface AddRequestOutput {
  labels?: ListLike<LabelOutput> | undefined;
}

export interface AddResponseInput {
  /** The names of all labels, as in the other two answers. */
  labels?: string[];
}

export interface AddResponseOutput {
  /** The names of all labels, as in the other two answers. */
  labels?: ListLike<string> | undefined;
}

export interface RemoveRequestInput {
  names?: string[];
}

export interface RemoveRequestOutput {
  names?: ListLike<string> | undefined;
}

export interface RemoveResponseInput {
  labels?: string[];
}

export interface RemoveResponseOutput {
  labels?: ListLike<string> | undefined;
}

export type ResetRequestInput = Record<string, never>;

export type ResetRequestOutput = Record<string, never>;

export interface ResetResponseInput {
  labels?: string[];
}

export interface ResetResponseOutput {
  labels?: ListLike<string> | undefined;
}

export interface ClassifyRequestInput {
  text?: string;
  /** The most labels to return, 1 or more; all if absent. */
  topk?: number;
  /** The lowest score to return, from 0 to 1; 0 if absent. */
  threshold?: Float;
}

export interface ClassifyRequestOutput {
  text?: string | undefined;
  /** The most labels to return, 1 or more; all if absent. */
  topk?: number | undefined;
  /** The lowest score to return, from 0 to 1; 0 if absent. */
  threshold?: Float | undefined;
}

export interface ClassifyResponseInput {
  /** The best label first. */
  labels?: ClassifyResponse_ScoreInput[];
}

export interface ClassifyResponseOutput {
  /** The best label first. */
  labels?: ListLike<ClassifyResponse_ScoreOutput> | undefined;
}

export interface ClassifyResponse_ScoreInput {
  name?: string;
  /** From 0 to 1. */
  score?: Float;
}

export interface ClassifyResponse_ScoreOutput {
  name?: string | undefined;
  /** From 0 to 1. */
  score?: Float | undefined;
}

const files = {
  "label-classifier.proto": `syntax = "proto3";

message Label {
  string name = 1;
  // What texts under this label are about, in a sentence or a few key words.
  string description = 2;
}

message AddRequest {
  repeated Label labels = 1;
}

message AddResponse {
  // The names of all labels, as in the other two answers.
  repeated string labels = 1;
}

message RemoveRequest {
  repeated string names = 1;
}

message RemoveResponse {
  repeated string labels = 1;
}

message ResetRequest {}

message ResetResponse {
  repeated string labels = 1;
}

message ClassifyRequest {
  string text = 1;
  // The most labels to return, 1 or more; all if absent.
  optional int32 topk = 2;
  // The lowest score to return, from 0 to 1; 0 if absent.
  optional double threshold = 3;
}

message ClassifyResponse {
  message Score {
    string name = 1;
    // From 0 to 1.
    double score = 2;
  }

  // The best label first.
  repeated Score labels = 1;
}
`,
};

export const addSchema = protobufSchema<AddRequestInput, AddResponseOutput>(
  { file: "label-classifier.proto", files },
  { request: "AddRequest", response: "AddResponse" },
);

export const removeSchema = protobufSchema<
  RemoveRequestInput,
  RemoveResponseOutput
>(
  { file: "label-classifier.proto", files },
  { request: "RemoveRequest", response: "RemoveResponse" },
);

export const resetSchema = protobufSchema<
  ResetRequestInput,
  ResetResponseOutput
>(
  { file: "label-classifier.proto", files },
  { request: "ResetRequest", response: "ResetResponse" },
);

export const classifySchema = protobufSchema<
  ClassifyRequestInput,
  ClassifyResponseOutput
>(
  { file: "label-classifier.proto", files },
  { request: "ClassifyRequest", response: "ClassifyResponse" },
);
