// Generated from onnx.proto by `nestjs-model-serving types`. Do not edit.

import type {
  Float,
  Int64Like,
  ListLike,
  NumbersLike,
} from "nestjs-model-serving";

export interface ModelProtoInput {
  irVersion?: string;
  producerName?: string;
  modelVersion?: string;
  docString?: string;
  graph?: GraphProtoInput;
  opsetImport?: OperatorSetIdProtoInput[];
}

export interface ModelProtoOutput {
  irVersion?: Int64Like | undefined;
  producerName?: string | undefined;
  modelVersion?: Int64Like | undefined;
  docString?: string | undefined;
  graph?: GraphProtoOutput | undefined;
  opsetImport?: ListLike<OperatorSetIdProtoOutput> | undefined;
}

export interface OperatorSetIdProtoInput {
  domain?: string;
  version?: string;
}

export interface OperatorSetIdProtoOutput {
  domain?: string | undefined;
  version?: Int64Like | undefined;
}

export interface GraphProtoInput {
  node?: NodeProtoInput[];
  name?: string;
  initializer?: TensorProtoInput[];
  input?: ValueInfoProtoInput[];
  output?: ValueInfoProtoInput[];
}

export interface GraphProtoOutput {
  node?: ListLike<NodeProtoOutput> | undefined;
  name?: string | undefined;
  initializer?: ListLike<TensorProtoOutput> | undefined;
  input?: ListLike<ValueInfoProtoOutput> | undefined;
  output?: ListLike<ValueInfoProtoOutput> | undefined;
}

export interface NodeProtoInput {
  input?: string[];
  output?: string[];
  name?: string;
  opType?: string;
  attribute?: AttributeProtoInput[];
}

export interface NodeProtoOutput {
  input?: ListLike<string> | undefined;
  output?: ListLike<string> | undefined;
  name?: string | undefined;
  opType?: string | undefined;
  attribute?: ListLike<AttributeProtoOutput> | undefined;
}

export interface AttributeProtoInput {
  name?: string;
  f?: Float;
  i?: string;
  type?: AttributeProto_AttributeTypeInput;
}

export interface AttributeProtoOutput {
  name?: string | undefined;
  f?: Float | undefined;
  i?: Int64Like | undefined;
  type?: AttributeProto_AttributeTypeOutput | undefined;
}

export type AttributeProto_AttributeType = "UNDEFINED" | "FLOAT" | "INT";
export type AttributeProto_AttributeTypeInput = AttributeProto_AttributeType;
export type AttributeProto_AttributeTypeOutput =
  | AttributeProto_AttributeType
  | 0
  | 1
  | 2;

export interface TensorProtoInput {
  dims?: string[];
  dataType?: number;
  floatData?: Float[];
  name?: string;
}

export interface TensorProtoOutput {
  dims?: NumbersLike<Int64Like> | undefined;
  dataType?: number | undefined;
  floatData?: NumbersLike<Float> | undefined;
  name?: string | undefined;
}

export type TensorProto_DataType =
  | "UNDEFINED"
  | "FLOAT"
  | "UINT8"
  | "INT8"
  | "UINT16"
  | "INT16"
  | "INT32"
  | "INT64"
  | "STRING"
  | "BOOL"
  | "FLOAT16"
  | "DOUBLE"
  | "UINT32"
  | "UINT64";
export type TensorProto_DataTypeInput = TensorProto_DataType;
export type TensorProto_DataTypeOutput =
  | TensorProto_DataType
  | 0
  | 1
  | 2
  | 3
  | 4
  | 5
  | 6
  | 7
  | 8
  | 9
  | 10
  | 11
  | 12
  | 13;

export interface ValueInfoProtoInput {
  name?: string;
  type?: TypeProtoInput;
}

export interface ValueInfoProtoOutput {
  name?: string | undefined;
  type?: TypeProtoOutput | undefined;
}

export interface TypeProtoInput {
  tensorType?: TypeProto_TensorInput;
}

export interface TypeProtoOutput {
  tensorType?: TypeProto_TensorOutput | undefined;
}

export interface TypeProto_TensorInput {
  elemType?: number;
  shape?: TensorShapeProtoInput;
}

export interface TypeProto_TensorOutput {
  elemType?: number | undefined;
  shape?: TensorShapeProtoOutput | undefined;
}

export interface TensorShapeProtoInput {
  dim?: TensorShapeProto_DimensionInput[];
}

export interface TensorShapeProtoOutput {
  dim?: ListLike<TensorShapeProto_DimensionOutput> | undefined;
}

export interface TensorShapeProto_DimensionInput {
  dimValue?: string;
  dimParam?: string;
}

export interface TensorShapeProto_DimensionOutput {
  dimValue?: Int64Like | undefined;
  dimParam?: string | undefined;
}
