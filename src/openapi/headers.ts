import type { EndpointPlan } from '../endpoint/endpoint.js';
import type { Header, Parameter } from './document.js';

type Headers = Readonly<Record<string, Header>>;

/** The headers of a request that mean something to an endpoint. */
export function requestHeaders({ options, cachePolicy }: EndpointPlan): Parameter[] {
  return [
    {
      name: 'X-Request-Timeout-Ms',
      in: 'header',
      description: `Milliseconds after which the client wants no answer any more; it may only shorten the endpoint's ${options.timeout}.`,
      schema: { type: 'integer', minimum: 0 },
    },
    {
      name: 'X-Request-Id',
      in: 'header',
      description: 'An id for the request, which the answer and the log have; one is made up else.',
      schema: { type: 'string', pattern: '^[!-~]{1,128}$' },
    },
    ...(cachePolicy === undefined ? [] : [CACHE_CONTROL]),
  ];
}

const CACHE_CONTROL: Parameter = {
  name: 'Cache-Control',
  in: 'header',
  description:
    '`no-cache` asks for a new answer, `no-store` for one that is not kept, where the app lets clients say so.',
  schema: { type: 'string' },
};

export const REQUEST_ID: Headers = {
  'X-Request-Id': {
    description: 'The id of the request.',
    schema: { type: 'string' },
  },
};

export const RETRY_AFTER: Headers = {
  'Retry-After': {
    description: 'Whole seconds after which to try again.',
    schema: { type: 'integer', minimum: 0 },
  },
};

const CACHED: Headers = {
  'X-Cache': {
    description: 'How the cache served the request.',
    schema: { type: 'string', enum: ['HIT', 'MISS', 'COALESCED', 'BYPASS'] },
  },
  Age: {
    description: 'Seconds since the answer was made; of a HIT only.',
    schema: { type: 'integer', minimum: 0 },
  },
};

/** The headers of an answer that is no error. */
export function answerHeaders({ cachePolicy }: EndpointPlan): Headers {
  return { ...REQUEST_ID, ...(cachePolicy !== undefined && CACHED) };
}

export function failureHeaders(retries: boolean): Headers {
  return { ...REQUEST_ID, ...(retries && RETRY_AFTER) };
}
