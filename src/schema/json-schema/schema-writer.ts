import { cannotBeEncodedWhenAbsent } from '../message-reader.js';
import type { AnyTypes, FieldModel, MessageModel, ValueModel } from '../model.js';
import type { ScalarName } from '../scalar.js';
import { enumSchema } from './enum-schema.js';
import type { JsonSchema } from './json-schema.js';
import { messageSchema } from './message-schema.js';
import { isLong, keySchema, scalarSchema } from './scalar-schema.js';
import { DURATION, FIELD_MASK, TIMESTAMP } from './text-schema.js';
import {
  HARMLESS_KEYS,
  listSchema,
  structSchema,
  typeUrlSchema,
  valueSchema,
} from './well-known-schema.js';
import type { Wording } from './wording.js';

const TEXTS = {
  timestamp: ['google.protobuf.Timestamp', TIMESTAMP],
  duration: ['google.protobuf.Duration', DURATION],
  fieldMask: ['google.protobuf.FieldMask', FIELD_MASK],
} as const;

/**
 * Writes the schema of a value in JSON Schema 2020-12. Messages are definitions apart, since they
 * may hold themselves; what no name of protobuf can have, a hyphen, keeps other names apart from them.
 */
export class SchemaWriter {
  readonly #wording: Wording;
  readonly #definitions = new Map<string, JsonSchema>();
  readonly #uses = new Map<string, number>();
  readonly #unfinished: (() => void)[] = [];
  readonly #strictInAny = new Map<MessageModel, boolean>();

  constructor(wording: Wording) {
    this.#wording = wording;
  }

  write(model: ValueModel): JsonSchema {
    const root = this.#value(model, false);
    // Not one inside the other: messages may lead to each other in a chain of thousands.
    for (let next = this.#unfinished.pop(); next; next = this.#unfinished.pop()) next();
    const body = this.#inlined(root);
    const $defs = Object.fromEntries(this.#definitions);
    return this.#definitions.size > 0 ? { ...body, $defs } : body;
  }

  /** What is used nowhere else needs no definition. Tools look for the type of the whole at its top. */
  #inlined(root: JsonSchema): JsonSchema {
    const name = String(root['$ref']).replace('#/$defs/', '');
    const definition = this.#definitions.get(name);
    if (definition === undefined) return root;
    if (this.#uses.get(name) === 1) {
      this.#definitions.delete(name);
      return definition;
    }
    const { type } = definition;
    return { ...(type !== undefined && { type }), allOf: [root] };
  }

  #define(name: string, schema: () => JsonSchema): JsonSchema {
    this.#uses.set(name, (this.#uses.get(name) ?? 0) + 1);
    if (!this.#definitions.has(name)) {
      this.#definitions.set(name, {});
      this.#unfinished.push(() => void this.#definitions.set(name, schema()));
    }
    return { $ref: `#/$defs/${name}` };
  }

  #value(model: ValueModel, inAny: boolean): JsonSchema {
    switch (model.kind) {
      case 'scalar':
        return this.#scalar(model.type);
      case 'enum':
        return this.#define(model.enum.name, () => enumSchema(model.enum, this.#wording));
      case 'message':
        return this.#message(model.message, inAny);
      case 'wrapper':
        return this.#value(model.value, inAny);
      case 'any':
        return this.#define('google.protobuf.Any', () => this.#any(model.types));
      case 'value':
        return this.#anyJson();
      case 'struct':
        return this.#struct();
      case 'list':
        return this.#list();
      default: {
        const [name, text] = TEXTS[model.kind];
        return this.#define(name, () => text[this.#wording.direction]);
      }
    }
  }

  #scalar(type: ScalarName): JsonSchema {
    const schema = () => scalarSchema(type, this.#wording);
    return isLong(type, this.#wording) ? this.#define(`protobuf-${type}`, schema) : schema();
  }

  #message(message: MessageModel, inAny: boolean): JsonSchema {
    const isStrict = inAny && this.#isStrictInAny(message);
    return this.#define(isStrict ? `${message.name}-in-any` : message.name, () =>
      this.#messageBody(message, isStrict),
    );
  }

  #messageBody(message: MessageModel, inAny: boolean, typeUrl?: JsonSchema): JsonSchema {
    const required = inAny ? message.fields.filter(cannotBeEncodedWhenAbsent) : [];
    const valueOf = (field: FieldModel) => this.#field(field, inAny);
    return messageSchema(message, this.#wording, valueOf, { typeUrl, required });
  }

  #field({ rule, mapKey, value }: FieldModel, inAny: boolean): JsonSchema {
    const schema = this.#value(value, inAny);
    if (rule === 'repeated') return { type: 'array', items: schema };
    if (mapKey === undefined) return schema;
    const propertyNames = keySchema(mapKey, this.#wording);
    return {
      type: 'object',
      additionalProperties: schema,
      ...(propertyNames && { propertyNames }),
      ...(mapKey === 'string' && this.#isClients && { allOf: [HARMLESS_KEYS] }),
    };
  }

  get #isClients(): boolean {
    return this.#wording.side === 'request';
  }

  #anyJson(): JsonSchema {
    return this.#define('google.protobuf.Value', () => valueSchema(this.#struct(), this.#list()));
  }

  #struct(): JsonSchema {
    return this.#define('google.protobuf.Struct', () =>
      structSchema(this.#anyJson(), this.#isClients),
    );
  }

  #list(): JsonSchema {
    return this.#define('google.protobuf.ListValue', () => listSchema(this.#anyJson()));
  }

  /** A message beside its `@type`, what is no object in JSON as its `value`. */
  #any(types: AnyTypes): JsonSchema {
    const isCanonical = this.#wording.direction === 'output';
    const contents = Array.from(types.all(), ([name, model]) => {
      const typeUrl = typeUrlSchema(name, isCanonical);
      if (model.kind === 'message') return this.#messageBody(model.message, true, typeUrl);
      const mayBeAbsent = model.kind === 'value' && !isCanonical;
      return {
        type: 'object',
        properties: { '@type': typeUrl, value: this.#value(model, true) },
        required: mayBeAbsent ? ['@type'] : ['@type', 'value'],
        additionalProperties: false,
      };
    });
    return { type: 'object', anyOf: [{ type: 'object', maxProperties: 0 }, ...contents] };
  }

  /** Whether more is required of a message, or of one inside it, in an Any than elsewhere. */
  #isStrictInAny(message: MessageModel): boolean {
    let isStrict = this.#strictInAny.get(message);
    if (isStrict === undefined) {
      const seen = new Set([message]);
      for (const { fields } of seen) {
        for (const { value } of fields) if (value.kind === 'message') seen.add(value.message);
      }
      isStrict = [...seen].some(({ fields }) => fields.some(cannotBeEncodedWhenAbsent));
      this.#strictInAny.set(message, isStrict);
    }
    return isStrict;
  }
}
