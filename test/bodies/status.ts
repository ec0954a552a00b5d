import protobuf from 'protobufjs';

const root = new protobuf.Root();
for (const file of ['any', 'duration']) {
  root.addJSON(protobuf.common.get(`google/protobuf/${file}.proto`)!.nested!);
}
protobuf.parse(
  `syntax = "proto3"; package google.rpc;
  message Status { int32 code = 1; string message = 2; repeated google.protobuf.Any details = 3; }
  message BadRequest { message FieldViolation { string field = 1; string description = 2; } repeated FieldViolation field_violations = 1; }
  message RetryInfo { google.protobuf.Duration retry_delay = 1; }
  message RequestInfo { string request_id = 1; string serving_data = 2; }`,
  root,
);

/** A google.rpc.Status as a client reads it, its details by the names of their messages. */
export function statusOf(bytes: Uint8Array) {
  const {
    code,
    message,
    details = [],
  } = root.lookupType('google.rpc.Status').decode(bytes).toJSON() as {
    code: number;
    message: string;
    details?: { '@type': string }[];
  };
  const named = details.map((detail) => [detail['@type'].split('.').at(-1), detail]);
  return { code, message, ...(Object.fromEntries(named) as object) };
}
