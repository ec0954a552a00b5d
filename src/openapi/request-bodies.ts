import type { EndpointPlan } from '../endpoint/endpoint.js';
import { PROTOBUF_TYPES } from '../http/media-type.js';
import type { JsonSchema } from '../schema/index.js';
import type { Content, MediaType, Parameter, RequestBody } from './document.js';
import { formField, type FormField } from './form-fields.js';
import type { NamedSchema } from './message-schemas.js';
import { samplesOf } from './samples.js';

const ANY_OBJECT: JsonSchema = { type: 'object' };

/** Bytes as they are. */
export const BINARY: JsonSchema = { type: 'string', format: 'binary' };

/** The bodies that an endpoint takes, by type: the one first that "Try it out" is best begun with. */
export function requestBody(plan: EndpointPlan, message: NamedSchema | undefined): RequestBody {
  const json: MediaType = {
    schema: message?.schema ?? ANY_OBJECT,
    ...samplesOf(plan, message?.message),
  };
  if (message === undefined) return { required: true, content: { 'application/json': json } };
  const form = plan.schema?.request?.form;
  const media = form?.mediaField;
  const forms = form && formContent(message);
  const content: Content = {
    ...(media !== undefined && forms),
    'application/json': json,
    ...forms,
    ...Object.fromEntries(PROTOBUF_TYPES.map((type) => [type, { schema: BINARY }])),
    ...(media !== undefined &&
      Object.fromEntries(MEDIA_TYPES.map((type) => [type, { schema: BINARY }]))),
  };
  const { description } = message.whole;
  return {
    ...(typeof description === 'string' && { description }),
    required: true,
    content,
  };
}

/** What stands beside a picture, a sound or a film in the query. */
export function mediaParameters(plan: EndpointPlan, named: NamedSchema | undefined): Parameter[] {
  const media = plan.schema?.request?.form?.mediaField;
  if (media === undefined) return [];
  return formFields(named!, BINARY)
    .filter(({ name, isJson }) => name !== media && !isJson)
    .map(({ name, schema: { description, ...schema } }) => ({
      name,
      in: 'query',
      description: `${typeof description === 'string' ? `${description} ` : ''}Where the body is the bytes of ${media}.`,
      schema,
    }));
}

const MEDIA_TYPES = ['image/*', 'audio/*', 'video/*', 'application/octet-stream'];

function formContent(message: NamedSchema): Content {
  return {
    'multipart/form-data': formOf(message, BINARY),
    'application/x-www-form-urlencoded': formOf(message, { type: 'string' }),
  };
}

function formFields({ message, whole }: NamedSchema, bytes: JsonSchema): FormField[] {
  const inJson = (whole['properties'] ?? {}) as Record<string, JsonSchema>;
  return message!.fields.map((field) => formField(field, bytes, inJson[field.key]));
}

function formOf(message: NamedSchema, bytes: JsonSchema): MediaType {
  const fields = formFields(message, bytes);
  const properties = Object.fromEntries(fields.map(({ name, schema }) => [name, schema]));
  const json = fields.filter(({ isJson }) => isJson);
  const encoding = json.map(({ name }) => [name, { contentType: 'application/json' }] as const);
  return {
    schema: { type: 'object', properties },
    ...(json.length > 0 && { encoding: Object.fromEntries(encoding) }),
  };
}
