import type { EndpointPlan } from '../endpoint/endpoint.js';
import { PROTOBUF_TYPES } from '../http/media-type.js';
import { STREAM_TYPES } from '../http/stream-form.js';
import type { JsonSchema } from '../schema/index.js';
import type { Content, Response } from './document.js';
import { answerHeaders } from './headers.js';
import type { NamedSchema } from './message-schemas.js';
import { BINARY } from './request-bodies.js';

/** What an endpoint answers where nothing fails. */
export function answerResponse(plan: EndpointPlan, message: NamedSchema | undefined): Response {
  const schema = message?.schema ?? {};
  const { stream } = plan.options;
  const comment = message?.whole['description'];
  const said = typeof comment === 'string' ? comment : 'The answer.';
  return {
    description: stream ? `${said}\n\n${STREAM_FORMS}` : said,
    headers: answerHeaders(plan),
    content: stream ? streamContent(schema) : answerContent(schema, message),
  };
}

function answerContent(schema: JsonSchema, message: NamedSchema | undefined): Content {
  const binary = message === undefined ? [] : PROTOBUF_TYPES;
  return {
    'application/json': { schema },
    ...Object.fromEntries(binary.map((type) => [type, { schema: BINARY }])),
  };
}

const STREAM_FORMS =
  'A stream of such items, in the form that `Accept` names: the data of server-sent events (before `event: end`, or `event: error` with an error), a line of JSON each, or one array.';

/** The schema of a stream that is read item by item is that of an item. */
function streamContent(item: JsonSchema): Content {
  return Object.fromEntries(
    STREAM_TYPES.map((type) => [
      type,
      { schema: type === 'application/json' ? { type: 'array', items: item } : item },
    ]),
  );
}
