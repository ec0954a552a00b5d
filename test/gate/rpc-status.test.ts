import { describe, expect, test } from 'vitest';
import { InvalidRequest, ServingError } from '../../src/errors/index.js';
import { answerOf } from '../../src/gate/failure-answer.js';
import { RPC_CODES, rpcStatus } from '../../src/gate/rpc-status.js';
import { EsMessage } from '../schema/protobuf-es.js';
import { hasProtoc } from '../schema/protoc.js';

/** As google/rpc declares them, written here once more. */
const STATUS = `syntax = "proto3"; package google.rpc;
  message Status { int32 code = 1; string message = 2; repeated google.protobuf.Any details = 3; }
  message BadRequest { message FieldViolation { string field = 1; string description = 2; } repeated FieldViolation field_violations = 1; }
  message RetryInfo { google.protobuf.Duration retry_delay = 1; }
  message RequestInfo { string request_id = 1; }`;

describe.skipIf(!hasProtoc())('a failure as google.rpc.Status', () => {
  const status = hasProtoc() ? new EsMessage(STATUS, 'google.rpc.Status') : undefined;
  const seen = (error: unknown) => status?.jsonOfBytes(rpcStatus(answerOf(error), 'request-1'));
  const requestInfo = { '@type': 'type.googleapis.com/google.rpc.RequestInfo', requestId: 'request-1' }; // prettier-ignore

  test('has its violations, when to try again, and the id of the request', () => {
    const details = [{ path: '$.items[3].name', message: 'expected a string, got 1' }];
    expect(seen(new InvalidRequest('Invalid request', { details, retryAfter: 2 }))).toEqual({
      code: 3,
      message: 'Invalid request',
      details: [
        {
          '@type': 'type.googleapis.com/google.rpc.BadRequest',
          fieldViolations: [{ field: '$.items[3].name', description: 'expected a string, got 1' }],
        },
        { '@type': 'type.googleapis.com/google.rpc.RetryInfo', retryDelay: '2s' },
        requestInfo,
      ],
    });
  });

  test('says no more than the failure does', () => {
    expect(seen(new ServingError('QueueFull', 'Busy'))).toEqual({
      code: 8,
      message: 'Busy',
      details: [requestInfo],
    });
    expect(seen(new Error('secret'))).toEqual({
      code: 13,
      message: 'Internal server error',
      details: [requestInfo],
    });
  });

  test('takes any text, and a code that has no number as UNKNOWN', () => {
    const status = rpcStatus({ status: 400, code: 'NEW', error: '\ud800' }, 'a');
    expect(status[1]).toBe(RPC_CODES['UNKNOWN']);
    expect(status.toString()).toContain('\ufffd');
  });
});
