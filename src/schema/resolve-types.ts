import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { NamespaceBase, Type } from 'protobufjs';
import { ConfigurationError } from '../errors/index.js';
import { loadRoot } from './load.js';
import type { FieldNames } from './model-builder.js';
import { describe } from './report.js';
import { isNamespace, isStaticClass, isType, nameOf, typesIn } from './reflection.js';
import { ProtobufSchema, type ProtobufSchemaOptions } from './schema-source.js';

/** The reflected types a source stands for. */
export interface ResolvedTypes {
  readonly request?: Type;
  readonly response?: Type;
  readonly fieldNames: FieldNames;
}

const SOURCES =
  'a path or URL of a .proto or .json file, protobufSchema(…), a protobufjs Root or Namespace, or { request?, response? } of protobufjs Types';
const INSTEAD =
  'pass the .proto file itself, or reflected types (pbjs -t json, or Root.load): a static class does not know its fields';
const OPTIONS = ['includeDirs', 'package', 'request', 'response', 'fieldNames'];
const NAMES_SHOWN = 8;

export function resolveTypes(source: unknown, owner: string): ResolvedTypes {
  if (typeof source === 'string' || source instanceof URL) {
    return fromFile(new ProtobufSchema(source), owner);
  }
  if (source instanceof ProtobufSchema) return fromFile(source, owner);
  if (isType(source)) {
    throw new ConfigurationError(
      `${owner}: schema expected both sides, got the single type ${nameOf(source)}; pass { request: … } or { response: … }`,
    );
  }
  if (isNamespace(source)) return fromNamespace(source, {}, 'the given namespace', owner);
  return fromTypes(source, owner);
}

function fromFile({ file, options }: ProtobufSchema, owner: string): ResolvedTypes {
  checkOptions(options, owner);
  const path = pathOf(file, owner);
  const root = loadRoot(
    path,
    (options.includeDirs ?? []).map((dir) => resolve(dir)),
    owner,
  );
  if (options.package === undefined) return fromNamespace(root, options, path, owner);
  const namespace = options.package
    .split('.')
    .reduce<unknown>((parent, name) => (isNamespace(parent) ? parent.get(name) : null), root);
  if (!isNamespace(namespace)) {
    throw new ConfigurationError(
      `${owner}: schema option package expected a package of ${path}, got "${options.package}"`,
    );
  }
  return fromNamespace(namespace, options, `${path}, package ${options.package}`, owner);
}

function pathOf(file: string | URL, owner: string): string {
  if (typeof file === 'string' && !file.startsWith('file:')) {
    if (file === '') throw new ConfigurationError(`${owner}: schema expected a file, got ""`);
    return resolve(file);
  }
  try {
    return fileURLToPath(file);
  } catch (cause) {
    throw new ConfigurationError(
      `${owner}: schema expected a path or a file: URL, got ${String(file)}`,
      {
        cause,
      },
    );
  }
}

function checkOptions(options: ProtobufSchemaOptions, owner: string): void {
  const wrong = (name: string, expected: string, got: unknown) =>
    new ConfigurationError(
      `${owner}: schema option ${name} expected ${expected}, got ${describe(got)}`,
    );
  for (const [name, value] of Object.entries(options)) {
    if (!OPTIONS.includes(name)) {
      throw new ConfigurationError(
        `${owner}: schema expected the options ${OPTIONS.join(', ')}, got the unknown option "${name}"`,
      );
    }
    if (value === undefined) continue;
    if (name === 'includeDirs') {
      if (!Array.isArray(value) || !value.every((dir) => typeof dir === 'string')) {
        throw wrong(name, 'an array of paths', value);
      }
    } else if (typeof value !== 'string' || value === '') {
      throw wrong(name, 'a name', value);
    }
  }
  if (!['json', 'proto'].includes(options.fieldNames ?? 'json')) {
    throw wrong('fieldNames', '"json" or "proto"', options.fieldNames);
  }
}

function fromNamespace(
  namespace: NamespaceBase,
  options: ProtobufSchemaOptions,
  place: string,
  owner: string,
): ResolvedTypes {
  return {
    request: findMessage(namespace, 'request', options.request ?? 'Request', place, owner),
    response: findMessage(namespace, 'response', options.response ?? 'Response', place, owner),
    fieldNames: options.fieldNames ?? 'json',
  };
}

/** By its name in the namespace itself, else by its full name, else by its name anywhere below. */
function findMessage(
  namespace: NamespaceBase,
  side: string,
  name: string,
  place: string,
  owner: string,
): Type {
  const direct = namespace.get(name);
  if (isType(direct)) return direct;
  const wanted = name.replace(/^\./, '');
  const types = [...typesIn(namespace)];
  const full = types.find((type) => nameOf(type) === wanted);
  if (full) return full;

  const matches = types.filter((type) => nameOf(type).endsWith(`.${wanted}`));
  if (matches.length === 1) return matches[0] as Type;
  const expected = `${owner}: schema expected the ${side} message "${name}" in ${place}`;
  if (matches.length > 1) {
    throw new ConfigurationError(
      `${expected}, got several (${matches.map(nameOf).join(', ')}); give its full name as the option ${side}`,
    );
  }
  const names = types.slice(0, NAMES_SHOWN).map(nameOf).join(', ') || 'no messages';
  throw new ConfigurationError(
    `${expected}, got ${names}${types.length > NAMES_SHOWN ? ', …' : ''}; give its name as the option ${side}`,
  );
}

function fromTypes(source: unknown, owner: string): ResolvedTypes {
  if (isStaticClass(source)) {
    throw new ConfigurationError(
      `${owner}: schema got a class made by pbjs -t static-module; ${INSTEAD}`,
    );
  }
  if (typeof source !== 'object' || source === null || Array.isArray(source)) {
    throw new ConfigurationError(`${owner}: schema expected ${SOURCES}, got ${describe(source)}`);
  }
  for (const [side, type] of Object.entries(source)) {
    if (isStaticClass(type)) {
      throw new ConfigurationError(
        `${owner}: schema expected a protobufjs Type as ${side}, got a class made by pbjs -t static-module; ${INSTEAD}`,
      );
    }
    if (side !== 'request' && side !== 'response') {
      throw new ConfigurationError(
        `${owner}: schema expected ${SOURCES}, got an object with "${side}"`,
      );
    }
    if (type !== undefined && !isType(type)) {
      throw new ConfigurationError(
        `${owner}: schema expected a protobufjs Type as ${side}, got ${describe(type)}`,
      );
    }
  }
  const { request, response } = source as { request?: Type; response?: Type };
  if (!request && !response) {
    throw new ConfigurationError(
      `${owner}: schema expected a request or a response type, got neither`,
    );
  }
  return { request, response, fieldNames: 'json' };
}
