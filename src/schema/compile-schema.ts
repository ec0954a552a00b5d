import type { Method } from 'protobufjs';
import { ConfigurationError } from '../errors/index.js';
import { Forms } from './binary/forms.js';
import { MessageCodec } from './codec.js';
import { fingerprintOf } from './fingerprint.js';
import { ModelBuilder } from './model-builder.js';
import type { SchemaModel } from './model.js';
import { Readers } from './readers.js';
import { resolveTypes, type ResolvedTypes } from './resolve-types.js';
import type { SchemaSource } from './schema-source.js';

/** A schema ready for calls; a side that the schema does not have is not validated. */
export interface CompiledSchema {
  readonly request?: MessageCodec;
  readonly response?: MessageCodec;
  /** The method of a service whose messages they are, where the schema names one. */
  readonly method?: Method;
  /** The same in every process with the same schema, another with another. */
  readonly fingerprint: string;
}

/**
 * Loads and compiles a schema, synchronously: meant for boot.
 *
 * @param owner whose schema it is, for messages: the endpoint's class
 * @throws {ConfigurationError} in one sentence
 */
export function compileSchema(source: SchemaSource, owner: string): CompiledSchema {
  return withModel(source, owner, (model, { method }) => ({ ...compile(model), method }));
}

/**
 * Loads a schema, and makes something of its model.
 *
 * @param owner whose schema it is, for messages
 * @throws {ConfigurationError} in one sentence
 */
export function withModel<T>(
  source: SchemaSource,
  owner: string,
  make: (model: SchemaModel, types: ResolvedTypes) => T,
): T {
  const types = resolveTypes(source, owner);
  try {
    return make(buildModel(types), types);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new ConfigurationError(`${owner}: schema cannot be used: ${reason}`, { cause });
  }
}

function buildModel({ request, response, fieldNames, names }: ResolvedTypes): SchemaModel {
  const builder = new ModelBuilder(fieldNames, names);
  return {
    request: request && builder.message(request),
    response: response && builder.message(response),
  };
}

function compile(model: SchemaModel): CompiledSchema {
  const readers = new Readers();
  const forms = new Forms(readers);
  return {
    request: model.request && new MessageCodec(model.request, readers, forms),
    response: model.response && new MessageCodec(model.response, readers, forms),
    fingerprint: fingerprintOf(model),
  };
}
