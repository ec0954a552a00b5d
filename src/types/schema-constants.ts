import { basename } from 'node:path';
import type { Method, Service, Type } from 'protobufjs';
import type { NameIndex } from '../schema/name-index.js';
import { isType, nameOf } from '../schema/reflection.js';

/** A constant that a file of types ends with. */
export interface SchemaConstant {
  readonly name: string;
  readonly request: Type;
  readonly response: Type;
  /** How `protobufSchema` is told which messages they are. */
  readonly options: readonly string[];
  /** What says something of it in the .proto. */
  readonly method?: Method;
}

/** The constants for a file: `Request` and `Response`, pairs that are named so, each method. */
export function schemaConstants(
  path: string,
  types: readonly Type[],
  services: readonly Service[],
  names: NameIndex,
): SchemaConstant[] {
  const methods = services.flatMap((service) => methodConstants(service, names));
  const pairs = pairConstants(path, types).filter(
    (pair) => services.length === 0 || pair.options.length === 0,
  );
  return distinct([...pairs, ...methods]);
}

function pairConstants(path: string, types: readonly Type[]): SchemaConstant[] {
  const topLevel = types.filter((type) => !isType(type.parent));
  return topLevel.flatMap((request) => {
    const [, stem] = /^(.*)Request$/.exec(request.name) ?? [];
    const response = topLevel.find(({ name }) => stem !== undefined && name === `${stem}Response`);
    if (stem === undefined || response === undefined) return [];
    const options =
      stem === ''
        ? []
        : [
            `request: ${JSON.stringify(request.name)}`,
            `response: ${JSON.stringify(response.name)}`,
          ];
    return [{ name: constantName(stem || basename(path, '.proto')), request, response, options }];
  });
}

function methodConstants(service: Service, names: NameIndex): SchemaConstant[] {
  return service.methodsArray.flatMap((method) => {
    if (method.requestStream) return [];
    const [request, response] = [method.requestType, method.responseType].map((name) =>
      names.resolveIn(service, name, `rpc ${nameOf(method)}`),
    );
    if (!isType(request) || !isType(response)) return [];
    const options = [`rpc: "${service.name}.${method.name}"`];
    return [{ name: constantName(method.name), request, response, options, method }];
  });
}

/** Of constants with one name those of methods bear that of their service as well. */
function distinct(constants: readonly SchemaConstant[]): SchemaConstant[] {
  const taken = new Set<string>();
  const isShared = (name: string) => constants.filter((other) => other.name === name).length > 1;
  return constants.map((constant) => {
    const { method } = constant;
    let { name } = constant;
    if (isShared(name) && method?.parent)
      name = constantName(`${method.parent.name}_${method.name}`);
    while (taken.has(name)) name += '_';
    taken.add(name);
    return { ...constant, name };
  });
}

/** `language-detection`: `languageDetectionSchema`. */
function constantName(text: string): string {
  const words = text.split(/[^A-Za-z0-9]+/).filter(Boolean);
  const joined = words
    .map((word, i) => (i === 0 ? lowered(word) : word.charAt(0).toUpperCase() + word.slice(1)))
    .join('');
  return `${/^[0-9]/.test(joined) ? '_' : ''}${joined}${joined === '' ? 'schema' : 'Schema'}`;
}

function lowered(word: string): string {
  return word.charAt(0).toLowerCase() + word.slice(1);
}
