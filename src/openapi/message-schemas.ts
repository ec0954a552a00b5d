import {
  jsonSchemaOf,
  withModel,
  type JsonSchema,
  type JsonSchemaTarget,
  type SchemaSource,
} from '../schema/index.js';
import type { MessageModel, ValueModel } from '../schema/model.js';
import type { Components } from './components.js';

/** The schemas of an endpoint's messages; a side that it does not check has none. */
export interface MessageSchemas {
  readonly request?: NamedSchema;
  readonly response?: NamedSchema;
}

export interface NamedSchema {
  /** As it is used: a reference, most often. */
  readonly schema: JsonSchema;
  /** What that leads to. */
  readonly whole: JsonSchema;
  /** `undefined` for one that has no fields of its own, such as Struct. */
  readonly message: MessageModel | undefined;
}

type Side = keyof MessageSchemas;

const DIRECTIONS = { request: 'input', response: 'output' } as const;
/** A message may be in requests and in answers, and clients may write it in more ways than they read it. */
const SUFFIXES = { request: '-input', response: '' } as const;

/** Brings the messages of endpoints into a document's components, those of one source once. */
export class DocumentedMessages {
  readonly #components: Components;
  readonly #target: JsonSchemaTarget;
  readonly #done = new Map<SchemaSource, MessageSchemas>();

  constructor(components: Components, target: JsonSchemaTarget) {
    this.#components = components;
    this.#target = target;
  }

  of(source: SchemaSource | undefined, owner: string): MessageSchemas {
    if (source === undefined) return {};
    let schemas = this.#done.get(source);
    if (schemas === undefined) {
      schemas = withModel(source, owner, ({ request, response }) => ({
        request: request && this.#add(request, 'request', owner),
        response: response && this.#add(response, 'response', owner),
      }));
      this.#done.set(source, schemas);
    }
    return schemas;
  }

  #add(model: ValueModel, side: Side, owner: string): NamedSchema {
    const suffix = SUFFIXES[side];
    const written = jsonSchemaOf(model, { direction: DIRECTIONS[side], side }, this.#target);
    const { $schema: _, $defs, definitions: older, ...body } = written;
    // Those of 3.0 have their suffix already.
    const definitions = new Map(
      $defs === undefined
        ? Object.entries((older ?? {}) as Record<string, JsonSchema>)
        : Object.entries($defs as Record<string, JsonSchema>).map(([name, schema]) => [
            name + suffix,
            suffixed(schema, suffix),
          ]),
    );
    const root = $defs === undefined ? body : suffixed(body, suffix);
    const message = model.kind === 'message' ? model.message : undefined;
    if (message === undefined) {
      const schema = this.#components.add(definitions, owner)(root);
      return { schema, whole: schema, message };
    }
    const name = message.name + suffix;
    if (!definitions.has(name)) definitions.set(name, root);
    const bring = this.#components.add(definitions, owner);
    const schema = bring({ $ref: `#/$defs/${name}` });
    return { schema, whole: bring(definitions.get(name)!), message };
  }
}

/** References to definitions that have got a suffix. */
function suffixed<T>(value: T, suffix: string): T {
  if (suffix === '' || typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map((item) => suffixed(item as unknown, suffix)) as T;
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => [
      key,
      key === '$ref' && typeof inner === 'string' ? inner + suffix : suffixed(inner, suffix),
    ]),
  ) as T;
}
