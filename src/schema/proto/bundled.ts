import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';

/** In protobufjs' package as they are. */
const SHIPPED =
  /^google\/protobuf\/(?:api|descriptor|json_enumvalue_options|source_context|type|compiler\/plugin)\.proto$/;

const scalarOf: Readonly<Record<string, string>> = {
  DoubleValue: 'double',
  FloatValue: 'float',
  Int64Value: 'int64',
  UInt64Value: 'uint64',
  Int32Value: 'int32',
  UInt32Value: 'uint32',
  BoolValue: 'bool',
  StringValue: 'string',
  BytesValue: 'bytes',
};
const wrappers = Object.entries(scalarOf).map(
  ([name, type]) => `message ${name} { ${type} value = 1; }`,
);

/** The well-known types, which protobufjs has in another form. */
const WELL_KNOWN: Readonly<Record<string, string>> = {
  any: 'message Any { string type_url = 1; bytes value = 2; }',
  duration: 'message Duration { int64 seconds = 1; int32 nanos = 2; }',
  empty: 'message Empty {}',
  field_mask: 'message FieldMask { repeated string paths = 1; }',
  struct: `
    message Struct { map<string, Value> fields = 1; }
    message Value {
      oneof kind {
        NullValue null_value = 1;
        double number_value = 2;
        string string_value = 3;
        bool bool_value = 4;
        Struct struct_value = 5;
        ListValue list_value = 6;
      }
    }
    enum NullValue { NULL_VALUE = 0; }
    message ListValue { repeated Value values = 1; }`,
  timestamp: 'message Timestamp { int64 seconds = 1; int32 nanos = 2; }',
  wrappers: wrappers.join('\n'),
};

/** Features of other languages' generators: they may be imported and set, and mean nothing here. */
const LANGUAGE_FEATURES: Readonly<Record<string, readonly [name: string, number: number]>> = {
  cpp: ['CppFeatures', 1000],
  java: ['JavaFeatures', 1001],
  go: ['GoFeatures', 1002],
  c_sharp: ['CSharpFeatures', 1004],
};

/** The path of a well-known type's file: it is one and the same, in whatever folder a copy lies. */
export function wellKnownPath(target: string): string | undefined {
  const [path, name = ''] = /google\/protobuf\/(\w+)\.proto$/.exec(target) ?? [];
  return Object.hasOwn(WELL_KNOWN, name) ? path : undefined;
}

/** Whether {@link bundledFile} has it. */
export function isBundled(path: string): boolean {
  return SHIPPED.test(path) || generatedFile(path) !== undefined;
}

/** The text of one of protobuf's own files, which need no folder; undefined for any other. */
export function bundledFile(path: string): string | undefined {
  if (SHIPPED.test(path)) {
    return readFileSync(createRequire(import.meta.url).resolve(`protobufjs/${path}`), 'utf8');
  }
  return generatedFile(path);
}

function generatedFile(path: string): string | undefined {
  const name = /^google\/protobuf\/(\w+)\.proto$/.exec(path)?.[1] ?? '';
  if (Object.hasOwn(WELL_KNOWN, name)) {
    return `syntax = "proto3"; package google.protobuf; ${WELL_KNOWN[name]}`;
  }
  const language = name.replace(/_features$/, '');
  if (language === name || !Object.hasOwn(LANGUAGE_FEATURES, language)) return undefined;
  const [message, number] = LANGUAGE_FEATURES[language] as readonly [string, number];
  return `syntax = "proto2"; package pb; import "google/protobuf/descriptor.proto";
    message ${message} {}
    extend google.protobuf.FeatureSet { optional ${message} ${language.replace('_', '')} = ${number}; }`;
}
