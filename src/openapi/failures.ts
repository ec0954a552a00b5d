import { ForbiddenException, UnauthorizedException } from '@nestjs/common';
import type { EndpointPlan } from '../endpoint/endpoint.js';
import { InvalidRequest, ServingError } from '../errors/index.js';
import { answerOf } from '../gate/failure-answer.js';
import { PROTOBUF_TYPES } from '../http/media-type.js';
import type { JsonSchema } from '../schema/index.js';
import type { Content, Example, Response } from './document.js';
import { failureHeaders } from './headers.js';
import { BINARY } from './request-bodies.js';

/** The body of every error. */
export const ERROR_NAME = 'ServingError';
export const ERROR_SCHEMA: JsonSchema = {
  title: 'ServingError',
  type: 'object',
  properties: {
    error: { type: 'string', description: 'What went wrong, for people.' },
    code: { type: 'string', description: 'A name of google.rpc.Code, for programs.' },
    requestId: { type: 'string', description: 'The id of the request, as in X-Request-Id.' },
    details: {
      type: 'array',
      description: 'Where the request breaks its schema.',
      maxItems: 10,
      items: {
        type: 'object',
        properties: {
          path: { type: 'string', description: 'The place, such as $.items[3].name.' },
          message: { type: 'string' },
        },
        required: ['path', 'message'],
      },
    },
  },
  required: ['error', 'code', 'requestId'],
};

/** A way in which a request may fail, as a client would be told. */
export interface Failure {
  /** The name of its example. */
  readonly name: string;
  readonly error: Error;
}

const DESCRIPTIONS: Readonly<Record<number, string>> = {
  400: 'The request breaks its schema, or makes no sense to the model.',
  401: 'The request does not say, or not truly, whose it is.',
  403: 'A guard refused the request.',
  404: 'There is no such job, or it is of somebody else.',
  406: 'Accept allows no form of a stream.',
  409: 'The job was cancelled.',
  413: 'The request is too large.',
  415: 'The body is of a type or an encoding that is not taken here.',
  422: 'The Idempotency-Key was sent with another body before.',
  429: 'There are too many requests now.',
  500: 'The model failed; the log has the cause under the id of the request.',
  503: 'The server does not take requests now. Without Retry-After the work had begun.',
  504: 'The deadline passed.',
};

const RETRIED: readonly number[] = [429, 503];

/** What a route of an endpoint may answer instead, by status. */
export function failureResponses(
  plan: EndpointPlan,
  failures: Iterable<Failure>,
  schema: JsonSchema,
): Record<string, Response> {
  const byStatus = new Map<number, Record<string, Example>>();
  for (const { name, error } of failures) {
    const { status, code, error: message, details } = answerOf(error);
    const examples = byStatus.get(status) ?? {};
    const value = { error: message, code, requestId: REQUEST_ID, ...(details && { details }) };
    byStatus.set(status, { ...examples, [name]: { value } });
  }
  const binary = plan.schema === undefined ? [] : PROTOBUF_TYPES;
  return Object.fromEntries(
    Array.from(byStatus, ([status, examples]) => {
      const content: Content = {
        'application/json': { schema, examples },
        ...Object.fromEntries(binary.map((type) => [type, { schema: STATUS_SCHEMA }])),
      };
      const headers = failureHeaders(RETRIED.includes(status));
      return [String(status), { description: DESCRIPTIONS[status] ?? '', headers, content }];
    }),
  );
}

const REQUEST_ID = '3f1c9a52-6a0e-4d5b-9c39-0f2f6f1d7a10';

const STATUS_SCHEMA: JsonSchema = { ...BINARY, description: 'A google.rpc.Status.' };

/** What the guards of an endpoint may say. */
export function* refusals(plan: EndpointPlan, isSecured: boolean): Generator<Failure> {
  if (isSecured) yield { name: 'Unauthorized', error: new UnauthorizedException() };
  if (plan.bound.guards) {
    yield { name: 'Forbidden', error: new ForbiddenException('Forbidden resource') };
  }
}

/** How a call may fail. */
export function* failuresOf(plan: EndpointPlan, isSecured: boolean): Generator<Failure> {
  const { bodyLimit, stream, batch, maxArrayBytes, jobs } = plan.options;
  yield named(invalidRequest(plan));
  yield* refusals(plan, isSecured);
  if (stream) yield named(NOT_ACCEPTABLE);
  yield named(tooLarge(`Expected a body of at most ${bodyLimit} bytes`));
  if (stream) {
    const error = tooLarge(
      `The answer is larger than ${maxArrayBytes} bytes as one array: ask for it line by line, with Accept: application/x-ndjson`,
    );
    yield { name: 'ArrayTooLarge', error };
  }
  if (batch?.sizeOf !== undefined) {
    const { maxSize } = batch;
    const error = tooLarge(`Expected at most ${maxSize} items in a request, got ${maxSize + 1}`);
    yield { name: 'BatchTooLarge', error };
  }
  if (jobs !== undefined) yield named(OTHER_BODY);
  yield* ALWAYS;
}

export const named = (error: ServingError): Failure => ({ name: error.failure, error });
const tooLarge = (message: string) => new ServingError('PayloadTooLarge', message);

const NOT_ACCEPTABLE = new ServingError(
  'NotAcceptable',
  'Expected Accept to allow text/event-stream, application/x-ndjson or application/json, got image/png',
);

const OTHER_BODY = new ServingError(
  'FailedPrecondition',
  'This Idempotency-Key was sent with another body before',
);

export const UNAVAILABLE = new ServingError('Unavailable', 'The server does not take requests now');

const ALWAYS: readonly Failure[] = [
  new ServingError(
    'UnsupportedEncoding',
    'Expected Content-Encoding to be gzip, deflate, br or identity, got "zstd"',
  ),
  new ServingError('QueueFull', 'Too many requests'),
  new ServingError('Internal', ''),
  UNAVAILABLE,
  new ServingError('DeadlineExceeded', 'Deadline exceeded'),
].map(named);

/** What the schema itself says of a field that it hardly has. */
function invalidRequest({ schema }: EndpointPlan): ServingError {
  try {
    schema?.request?.read({ unknown: 1 });
  } catch (error) {
    if (error instanceof ServingError) return error;
  }
  return new InvalidRequest('Expected the body to be a JSON object, got an array');
}
