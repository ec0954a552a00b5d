import 'reflect-metadata';
import type { EndpointPlan } from '../endpoint/endpoint.js';
import type { Content, Parameter, RequestBody, Response } from './document.js';
import { CONSUMES } from './mark.js';

/** What @nestjs/swagger keeps the arguments of decorators such as `@ApiBody()` under. */
const PARAMETERS = 'swagger/apiParameters';

/** The parameters of the app's own, and of others those that it says nothing of. */
export function besideHosts(
  hosts: readonly Parameter[] = [],
  ours: readonly Parameter[],
): Parameter[] {
  const isSaid = (one: Parameter) =>
    hosts.some(
      (other) => other.in === one.in && other.name?.toLowerCase() === one.name.toLowerCase(),
    );
  return [...hosts, ...ours.filter((one) => !isSaid(one))];
}

interface BodyDecorator {
  readonly in: 'body';
  readonly description?: string;
  readonly schema?: object;
  readonly type?: unknown;
  readonly enum?: unknown;
  readonly isArray?: boolean;
}

/**
 * The body that `@ApiBody()` describes, or the one that `@Body()` has a class for where the endpoint has
 * no schema. A decorator that only adds words leaves the rest.
 */
export function withHostsBody(
  { controller, method, schema }: EndpointPlan,
  host: RequestBody | undefined,
  ours: RequestBody,
): RequestBody {
  const route = controller.prototype[method] as object;
  const decorator = ((Reflect.getMetadata(PARAMETERS, route) ?? []) as BodyDecorator[]).find(
    (parameter) => parameter.in === 'body',
  );
  if (host !== undefined && decorator !== undefined && saysSchema(decorator)) {
    return { ...(ours.description !== undefined && { description: ours.description }), ...host };
  }
  if (host !== undefined && decorator === undefined && schema?.request === undefined) {
    if (Object.values(host.content).some(({ schema: one }) => one?.['$ref'])) return host;
  }
  const types = (Reflect.getMetadata(CONSUMES, route) ??
    Reflect.getMetadata(CONSUMES, controller)) as readonly string[] | undefined;
  const content = types === undefined ? ours.content : only(ours.content, types);
  if (host === undefined || decorator === undefined) return { ...ours, content };
  const { content: words, ...rest } = host;
  return { ...ours, ...rest, content: withExamples(content, words) };
}

/** Its default is a string. */
function saysSchema({ schema, type, enum: values, isArray }: BodyDecorator): boolean {
  const isDefault = type === undefined || type === String;
  return schema !== undefined || values !== undefined || isArray === true || !isDefault;
}

/** Of the types of a body those that the app names. */
function only(content: Content, types: readonly string[]): Content {
  const ofAny = content['image/*'];
  return Object.fromEntries(
    types.map((type) => {
      const isMedia = /^(?:image|audio|video)\//.test(type);
      return [type, content[type] ?? (isMedia ? ofAny : undefined) ?? content['application/json']!];
    }),
  );
}

function withExamples(content: Content, words: Content): Content {
  const { examples } = words['application/json'] ?? {};
  const json = content['application/json'];
  if (examples === undefined || json === undefined) return content;
  const { example: _, ...rest } = json;
  return { ...content, 'application/json': { ...rest, examples } };
}

/** Each response as the app describes it, and where it does not, as it is. */
export function withHostsResponses(
  hosts: Readonly<Record<string, Response>> = {},
  ours: Readonly<Record<string, Response>>,
): Record<string, Response> {
  const merged = Object.entries({ ...ours, ...hosts }).map(([status, response]) => {
    const own = ours[status];
    if (own === undefined || response === own || response.$ref !== undefined) {
      return [status, response] as const;
    }
    return [
      status,
      {
        ...own,
        ...response,
        description: response.description || own.description,
        headers: { ...own.headers, ...response.headers },
      },
    ] as const;
  });
  return Object.fromEntries(merged);
}
