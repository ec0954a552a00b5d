import type { EndpointPlan } from '../endpoint/endpoint.js';
import { ServingError } from '../errors/index.js';
import { statusOf } from '../http/route-decoration.js';
import type { JsonSchema } from '../schema/index.js';
import type { Header, Operation, Parameter, Response } from './document.js';
import { ERROR_NAME, failureResponses, named, refusals, UNAVAILABLE } from './failures.js';
import { REQUEST_ID, RETRY_AFTER } from './headers.js';

/** The status of a job. */
export const JOB_NAME = 'ServingJob';
export const JOB_SCHEMA: JsonSchema = {
  title: JOB_NAME,
  type: 'object',
  properties: {
    id: { type: 'string' },
    state: { type: 'string', enum: ['queued', 'running', 'succeeded', 'failed', 'cancelled'] },
    done: { type: 'boolean', description: 'Whether it has ended, however it did.' },
    createdAt: { type: 'string', format: 'date-time' },
    startedAt: { type: 'string', format: 'date-time' },
    finishedAt: { type: 'string', format: 'date-time' },
    attempts: { type: 'integer', minimum: 0, description: 'How often it has been begun.' },
    progress: { type: 'number', minimum: 0, maximum: 1 },
    error: {
      description: 'What a job failed with.',
      allOf: [{ $ref: `#/$defs/${ERROR_NAME}` }],
    },
  },
  required: ['id', 'state', 'done', 'createdAt', 'attempts'],
};

const preferring = (description: string): Parameter => ({
  name: 'Prefer',
  in: 'header',
  description,
  schema: { type: 'string' },
});

const WAITING = preferring(
  '`wait=10` has the answer wait until the job has ended, for 10 seconds, or 60 at most (RFC 7240).',
);

/** The headers of a request by which a call becomes a job. */
export const JOB_PARAMETERS: readonly Parameter[] = [
  preferring(
    '`respond-async` makes the call a job, which is answered with where it is; `respond-async, wait=10` only where the answer is not there within 10 seconds (RFC 7240).',
  ),
  {
    name: 'Idempotency-Key',
    in: 'header',
    description:
      'Of a job: the same key finds the same job again for as long as its result is kept.',
    schema: { type: 'string', pattern: '^[!-~]([ -~]{0,253}[!-~])?$' },
  },
];

const APPLIED: Record<string, Header> = {
  'Preference-Applied': {
    description: 'What of Prefer has been granted.',
    schema: { type: 'string' },
  },
};

const LOCATION: Record<string, Header> = {
  Location: { description: 'The path of the job.', schema: { type: 'string' } },
};

/** What a call is answered with that has become a job. */
export function takenResponse(job: JsonSchema): Response {
  return {
    description: 'The call has become a job.',
    headers: { ...REQUEST_ID, ...LOCATION, ...RETRY_AFTER, ...APPLIED },
    content: { 'application/json': { schema: job } },
  };
}

/** The answers of an endpoint, which may be 202 as well, with that of a call that has become a job. */
export function besideAnswers(
  answers: Readonly<Record<string, Response>>,
  job: Response,
): Record<string, Response> {
  const { 202: own, ...others } = answers;
  if (own === undefined) return { ...others, 202: job };
  const schemaOf = ({ content }: Response) => content!['application/json']!.schema!;
  const schema = { anyOf: [schemaOf(own), schemaOf(job)] };
  return {
    ...others,
    202: {
      description: `${own.description}\n\n${job.description}`,
      headers: { ...own.headers, ...job.headers },
      content: { ...own.content, 'application/json': { schema } },
    },
  };
}

/** An operation of an endpoint that makes jobs, as it stands in a document. */
export interface JobSource {
  readonly path: string;
  readonly operation: Operation;
  readonly plan: EndpointPlan;
  readonly isSecured: boolean;
  /** Parameters that the app says of its route: its guards ask for them at a job as well. */
  readonly parameters: readonly Parameter[];
}

/** The operations on the jobs of an endpoint, by path and method. */
export function jobPaths(
  source: JobSource,
  job: JsonSchema,
  error: JsonSchema,
): Record<string, Record<string, Operation>> {
  const { path, operation, plan, isSecured } = source;
  const id = path.includes('{id}') ? 'jobId' : 'id';
  const base = `${path.replace(/\/$/, '')}/jobs/{${id}}`;
  const parameters = [
    ...source.parameters,
    { name: id, in: 'path', required: true, schema: { type: 'string' } } satisfies Parameter,
  ];
  const failing = (...more: ServingError[]) =>
    failureResponses(
      plan,
      [...refusals(plan, isSecured), ...[NOT_FOUND, ...more].map(named)],
      error,
    );
  const {
    operationId,
    summary,
    description: _,
    requestBody: __,
    responses: ___,
    ...shared
  } = operation;
  const made = (name: string, does: string, waits: boolean, responses: Operation['responses']) => ({
    ...shared,
    ...(operationId !== undefined && { operationId: `${operationId}_${name}` }),
    summary: `${summary}: ${does}`,
    parameters: waits ? [...parameters, WAITING] : parameters,
    responses,
  });
  const status = (description: string, headers: Response['headers']): Response => ({
    description,
    headers: { ...REQUEST_ID, ...headers },
    content: { 'application/json': { schema: job } },
  });
  return {
    [base]: {
      get: made('job', 'how a job is', true, {
        200: status('How the job is.', { ...RETRY_AFTER, ...APPLIED }),
        ...failing(UNAVAILABLE),
      }),
      delete: made('cancel', 'cancels a job, or forgets one that has ended', false, {
        202: status('The job was running, and is told to end.', {}),
        204: { description: 'The job was waiting or had ended.', headers: REQUEST_ID },
        ...failing(UNAVAILABLE),
      }),
    },
    [`${base}/result`]: {
      get: made('result', 'the answer of a job', true, {
        202: status('There is no answer yet.', { ...RETRY_AFTER, ...APPLIED }),
        ...resultResponses(source),
        ...failing(CANCELLED),
      }),
    },
  };
}

/** Statuses with which a call is not taken, and so does not become a job. */
const BEFORE = ['401', '403', '406', '415', '422', '429'];

/** The answers of the call that a job may have come to. */
function resultResponses({ operation, plan }: JobSource): Record<string, Response> {
  const success = String(statusOf(plan.controller.prototype[plan.method] as object));
  const { [success]: answer, ...others } = operation.responses!;
  const failures = Object.entries(others).filter(
    ([status]) => Number(status) >= 400 && !BEFORE.includes(status),
  );
  const { 'application/json': json } = answer!.content ?? {};
  const content = plan.options.stream && json ? { 'application/json': json } : answer!.content;
  return {
    ...Object.fromEntries(failures),
    [success]: { ...answer!, headers: { ...REQUEST_ID, ...APPLIED }, ...(content && { content }) },
  };
}

const NOT_FOUND = new ServingError('NotFound', 'There is no such job, or none any more');
const CANCELLED = new ServingError('Aborted', 'The job was cancelled');
