import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Method, NamespaceBase, Type } from 'protobufjs';
import { ConfigurationError } from '../errors/index.js';
import { findMessage, findRpc, type Place } from './find-declared.js';
import { loadEmbedded, loadFile, type LoadedFile } from './load.js';
import type { FieldNames } from './model-builder.js';
import { NameIndex } from './name-index.js';
import { describe } from './report.js';
import { isNamespace, isStaticClass, isType, nameOf } from './reflection.js';
import {
  SchemaDeclaration,
  type EmbeddedFiles,
  type ProtobufSchemaOptions,
} from './schema-source.js';

/** The reflected types a source stands for. */
export interface ResolvedTypes {
  readonly request?: Type;
  readonly response?: Type;
  /** The method that both are of, where the source names one. */
  readonly method?: Method;
  readonly fieldNames: FieldNames;
  /** Of the root of both, where it is known already. */
  readonly names?: NameIndex;
}

const SOURCES =
  'a path or URL of a .proto or .json file, protobufSchema(…), a protobufjs Root or Namespace, or { request?, response? } of protobufjs Types';
const INSTEAD =
  'pass the .proto file itself, or reflected types (pbjs -t json, or Root.load): a static class does not know its fields';
const OPTIONS = ['includeDirs', 'package', 'request', 'response', 'rpc', 'fieldNames'];

export function resolveTypes(source: unknown, owner: string): ResolvedTypes {
  if (typeof source === 'string' || source instanceof URL) {
    return fromFile(new SchemaDeclaration(source), owner);
  }
  if (source instanceof SchemaDeclaration) return fromFile(source, owner);
  if (isType(source)) {
    throw new ConfigurationError(
      `${owner}: schema expected both sides, got the single type ${nameOf(source)}; pass { request: … } or { response: … }`,
    );
  }
  if (isNamespace(source)) return fromNamespace(source, owner);
  return fromTypes(source, owner);
}

function fromFile({ file, options }: SchemaDeclaration, owner: string): ResolvedTypes {
  checkOptions(options, owner);
  const { path, names, packageName } = load(file, options.includeDirs ?? [], owner);
  const { fieldNames = 'json' } = options;
  if (options.package === undefined) {
    const place = { names, within: packageName, isLimit: false, file: path, description: path };
    return { ...messagesOf(place, options, owner), fieldNames, names };
  }
  if (!isNamespace(names.find(options.package))) {
    throw new ConfigurationError(
      `${owner}: schema option package expected a package of ${path}, got "${options.package}"`,
    );
  }
  const description = `${path}, package ${options.package}`;
  const place = { names, within: options.package, isLimit: true, file: path, description };
  return { ...messagesOf(place, options, owner), fieldNames, names };
}

function load(
  file: SchemaDeclaration['file'],
  includeDirs: readonly string[],
  owner: string,
): LoadedFile & { readonly path: string } {
  if (typeof file === 'string' || file instanceof URL) {
    const path = pathOf(file, owner);
    const dirs = includeDirs.map((dir) => resolve(dir));
    return { path, ...loadFile(path, dirs, owner) };
  }
  if (!isEmbedded(file)) {
    throw new ConfigurationError(
      `${owner}: schema expected a path, a file: URL or { file, files } with the texts of .proto files, got ${describe(file)}`,
    );
  }
  return { path: file.file, ...loadEmbedded(file, includeDirs, owner) };
}

function isEmbedded(value: unknown): value is EmbeddedFiles {
  if (typeof value !== 'object' || value === null) return false;
  const { file, files } = value as Partial<EmbeddedFiles>;
  return (
    typeof file === 'string' &&
    typeof files === 'object' &&
    files !== null &&
    Object.values(files).every((text) => typeof text === 'string')
  );
}

function fromNamespace(namespace: NamespaceBase, owner: string): ResolvedTypes {
  const place = {
    names: new NameIndex(namespace.root),
    within: nameOf(namespace),
    isLimit: true,
    description: 'the given namespace',
  };
  return { ...messagesOf(place, {}, owner), fieldNames: 'json' };
}

function messagesOf(
  place: Place,
  { rpc, request = 'Request', response = 'Response' }: ProtobufSchemaOptions,
  owner: string,
): { request: Type; response: Type; method?: Method } {
  if (rpc !== undefined) return findRpc(place, rpc, owner);
  return {
    request: findMessage(place, 'request', request, owner),
    response: findMessage(place, 'response', response, owner),
  };
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
  const beside = (['request', 'response'] as const).find((side) => options[side] !== undefined);
  if (options.rpc !== undefined && beside !== undefined) {
    throw new ConfigurationError(
      `${owner}: schema expected either the option rpc, which gives both messages, or ${beside}, got both`,
    );
  }
  if (!['json', 'proto'].includes(options.fieldNames ?? 'json')) {
    throw wrong('fieldNames', '"json" or "proto"', options.fieldNames);
  }
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
