import protobuf from 'protobufjs';
import { compileSchema, type MessageCodec } from '../schema/index.js';
import type { FailureAnswer } from './failure-answer.js';

/** google.rpc.Code: the numbers of the names that answers carry. */
export const RPC_CODES: Readonly<Record<string, number>> = {
  OK: 0,
  CANCELLED: 1,
  UNKNOWN: 2,
  INVALID_ARGUMENT: 3,
  DEADLINE_EXCEEDED: 4,
  NOT_FOUND: 5,
  ALREADY_EXISTS: 6,
  PERMISSION_DENIED: 7,
  RESOURCE_EXHAUSTED: 8,
  FAILED_PRECONDITION: 9,
  ABORTED: 10,
  OUT_OF_RANGE: 11,
  UNIMPLEMENTED: 12,
  INTERNAL: 13,
  UNAVAILABLE: 14,
  DATA_LOSS: 15,
  UNAUTHENTICATED: 16,
};

/** Of google/rpc/status.proto and google/rpc/error_details.proto what is sent here. */
const DECLARATIONS = `
  syntax = "proto3";
  package google.rpc;
  message Status { int32 code = 1; string message = 2; repeated google.protobuf.Any details = 3; }
  message BadRequest {
    message FieldViolation { string field = 1; string description = 2; }
    repeated FieldViolation field_violations = 1;
  }
  message RetryInfo { google.protobuf.Duration retry_delay = 1; }
  message RequestInfo { string request_id = 1; string serving_data = 2; }
`;

let codec: MessageCodec | undefined;

/**
 * A failure as a google.rpc.Status, for doors that answer in binary: the body of an HTTP answer, or
 * gRPC's `grpc-status-details-bin`. Its details are a BadRequest with the violations, each `field` the
 * path that JSON's `details` have (`$.items[3].name`), a RetryInfo and a RequestInfo.
 */
export function rpcStatus(failure: FailureAnswer, requestId: string): Buffer {
  codec ??= statusCodec();
  const { code, error, details = [], retryAfter } = failure;
  const fieldViolations = details.map(({ path, message }) => ({
    field: path,
    description: message,
  }));
  return codec.encode({
    code: RPC_CODES[code] ?? RPC_CODES['UNKNOWN'],
    message: error,
    details: [
      ...(details.length > 0 ? [detail('BadRequest', { fieldViolations })] : []),
      ...(retryAfter === undefined ? [] : [detail('RetryInfo', { retryDelay: `${retryAfter}s` })]),
      detail('RequestInfo', { requestId }),
    ],
  });
}

function detail(name: string, fields: object): object {
  return { '@type': `type.googleapis.com/google.rpc.${name}`, ...fields };
}

function statusCodec(): MessageCodec {
  const root = new protobuf.Root();
  for (const file of ['any', 'duration']) {
    root.addJSON(protobuf.common.get(`google/protobuf/${file}.proto`)?.nested ?? {});
  }
  protobuf.parse(DECLARATIONS, root);
  const response = root.lookupType('google.rpc.Status');
  return compileSchema({ response }, 'google.rpc.Status').response as MessageCodec;
}
