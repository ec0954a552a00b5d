import type { EndpointPlan } from '../endpoint/endpoint.js';
import { statusOf } from '../http/route-decoration.js';
import { answerResponse } from './answers.js';
import { Components } from './components.js';
import type { Document, Operation, Parameter } from './document.js';
import { ERROR_NAME, ERROR_SCHEMA, failureResponses, failuresOf } from './failures.js';
import { requestHeaders } from './headers.js';
import { besideHosts, withHostsBody, withHostsResponses } from './host-decorators.js';
import {
  besideAnswers,
  JOB_NAME,
  JOB_PARAMETERS,
  JOB_SCHEMA,
  jobPaths,
  takenResponse,
  type JobSource,
} from './job-operations.js';
import { takeMark } from './mark.js';
import { DocumentedMessages } from './message-schemas.js';
import { mediaParameters, requestBody } from './request-bodies.js';

/**
 * Fills in what a document says of endpoints. What the app's decorators have said stays.
 *
 * @param document one whose operations are marked
 * @param named whether the app has given operations their ids
 */
export function describeEndpoints(
  document: Document,
  plans: readonly EndpointPlan[],
  named: boolean,
): void {
  const operations = Object.entries(document.paths).flatMap(([path, item]) =>
    Object.values(item).flatMap((operation) => {
      const plan = takeMark(operation, plans);
      return plan === undefined ? [] : [{ path, operation, plan }];
    }),
  );
  if (operations.length === 0) return;
  const schemas = ((document.components ??= {}).schemas ??= {});
  const components = new Components(schemas);
  const makesJobs = operations.some(({ plan }) => plan.options.jobs !== undefined);
  const own = new Map([[ERROR_NAME, ERROR_SCHEMA]]);
  if (makesJobs) own.set(JOB_NAME, JOB_SCHEMA);
  const bring = components.add(own, 'ModelServing');
  const error = bring({ $ref: `#/$defs/${ERROR_NAME}` });
  const job = bring({ $ref: `#/$defs/${JOB_NAME}` });
  const jobSources: JobSource[] = [];
  const target = document.openapi.startsWith('3.0') ? 'openapi-3.0' : 'draft-2020-12';
  const messages = new DocumentedMessages(components, target);
  for (const { path, operation, plan } of operations) {
    const { request, response } = messages.of(plan.declaration.schema, plan.owner);
    const route = plan.controller.prototype[plan.method] as object;
    const { name, version, jobs } = plan.options;
    const isSecured = (operation.security ?? document.security ?? []).length > 0;
    operation.summary ||= version === undefined ? name : `${name} ${version}`;
    const parameters = besideHosts(operation.parameters, pathParameters(path));
    operation.parameters = besideHosts(parameters, [
      ...mediaParameters(plan, request),
      ...requestHeaders(plan),
      ...(jobs === undefined ? [] : JOB_PARAMETERS),
    ]);
    operation.requestBody = withHostsBody(plan, operation.requestBody, requestBody(plan, request));
    const answers = { [statusOf(route)]: answerResponse(plan, response) };
    operation.responses = withHostsResponses(operation.responses, {
      ...(jobs === undefined ? answers : besideAnswers(answers, takenResponse(job))),
      ...failureResponses(plan, failuresOf(plan, isSecured), error),
    });
    if (jobs !== undefined) jobSources.push({ path, operation, plan, isSecured, parameters });
  }
  if (!named) nameApart(operations.map(({ operation }) => operation));
  for (const source of jobSources) {
    for (const [path, item] of Object.entries(jobPaths(source, job, error))) {
      document.paths[path] = { ...item, ...document.paths[path] };
    }
  }
}

/** Those of the path, which a handler reads from its context. */
function pathParameters(path: string): Parameter[] {
  return Array.from(path.matchAll(/\{([^}]+)\}/g), ([, name]) => ({
    name: name!,
    in: 'path',
    required: true,
    schema: { type: 'string' },
  }));
}

/** Two classes of one name would give two operations one id. */
function nameApart(operations: readonly Operation[]): void {
  const taken = new Set<string>();
  for (const operation of operations) {
    const { operationId } = operation;
    if (operationId === undefined) continue;
    let id = operationId;
    for (let count = 2; taken.has(id); count++) id = `${operationId}_${count}`;
    taken.add(id);
    operation.operationId = id;
  }
}
