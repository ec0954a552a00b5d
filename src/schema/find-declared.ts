import type { Method, NamespaceBase, Service, Type } from 'protobufjs';
import { ConfigurationError } from '../errors/index.js';
import type { NameIndex } from './name-index.js';
import { inPlace } from './proto/place.js';
import { isEnum, isService, isType, nameOf } from './reflection.js';

/** Where the messages of an endpoint are looked for, and what it is called in messages. */
export interface Place {
  readonly names: NameIndex;
  /** The package or namespace in which a name is looked for first. */
  readonly within: string;
  /** Whether names are looked for in it and below only. */
  readonly isLimit: boolean;
  /** The file whose declarations come before those of its imports. */
  readonly file?: string;
  readonly description: string;
}

const NAMES_SHOWN = 8;

export function findMessage(place: Place, side: string, name: string, owner: string): Type {
  const types = [...place.names.types()].filter((type) => isWithin(type, place));
  const matches = findDeclared(types, name, place);
  if (matches.length === 1) return matches[0] as Type;
  const expected = `${owner}: schema expected the ${side} message "${name}" in ${place.description}`;
  if (matches.length > 1) {
    throw new ConfigurationError(
      `${expected}, got several (${matches.map(nameOf).join(', ')}); give its full name as the option ${side}`,
    );
  }
  const other = otherOfName(place, name);
  const got = other ? `${other}; it has ` : '';
  throw new ConfigurationError(
    `${expected}, got ${got}${shown(types.map(nameOf), 'no messages')}; give its name as the option ${side}`,
  );
}

/** What bears the name that a message should bear. */
function otherOfName({ names, within }: Place, name: string): string | undefined {
  const other = names.find(within === '' ? name : `${within}.${name}`) ?? names.find(name);
  if (isEnum(other)) return `the enum ${nameOf(other)}${inPlace(other)}`;
  return isService(other) ? `the service ${nameOf(other)}${inPlace(other)}` : undefined;
}

/** A method, which is named `Service.Method`, and both its messages; its answer may be a stream of them. */
export function findRpc(
  place: Place,
  rpc: string,
  owner: string,
): { request: Type; response: Type; method: Method } {
  const [, serviceName, methodName] = /^(.+)\.([^.]+)$/.exec(rpc) ?? [];
  const services = [...place.names.namespaces()].filter(
    (object): object is Service => isService(object) && isWithin(object, place),
  );
  const matches =
    serviceName === undefined || methodName === undefined
      ? []
      : findDeclared(services, serviceName, place)
          .filter(({ methods }) => Object.hasOwn(methods, methodName))
          .map((service) => service.methods[methodName] as Method);
  const expected = `${owner}: schema option rpc expected`;
  if (matches.length !== 1) {
    const known = services.flatMap((service) =>
      service.methodsArray.map(({ name }) => `${nameOf(service)}.${name}`),
    );
    const got =
      matches.length === 0
        ? `"${rpc}"; it has ${shown(known, 'no services')}`
        : `"${rpc}", which several are (${matches.map(({ parent }) => nameOf(parent as Service)).join(', ')})`;
    throw new ConfigurationError(
      `${expected} a method of a service of ${place.description}, as "Greeter.Greet", got ${got}`,
    );
  }
  const method = matches[0] as Method;
  if (method.requestStream) {
    throw new ConfigurationError(
      `${expected} a method that takes one message, got "${rpc}", whose request is a stream${inPlace(method)}`,
    );
  }
  const messageOf = (side: 'request' | 'response'): Type => {
    const ownerOfName = `the ${side} of rpc ${rpc}`;
    const type = place.names.resolveIn(method.parent, method[`${side}Type`], ownerOfName);
    if (isType(type)) return type;
    throw new ConfigurationError(
      `${expected} a method of two messages, got "${rpc}", whose ${side} is the enum ${nameOf(type)}${inPlace(method)}`,
    );
  };
  return { request: messageOf('request'), response: messageOf('response'), method };
}

/**
 * What a name means: in the place itself, else as a full name, else as the end of one, the file's
 * own before what it imports. A leading dot makes it a full name.
 */
function findDeclared<T extends NamespaceBase>(
  declared: readonly T[],
  name: string,
  { within, file }: Place,
): readonly T[] {
  const wanted = name.replace(/^\./, '');
  const named = (fullName: string) => declared.filter((object) => nameOf(object) === fullName);
  const full = named(wanted);
  if (wanted !== name) return full;
  const direct = named(within === '' ? wanted : `${within}.${wanted}`);
  if (direct.length > 0) return direct;
  if (full.length > 0) return full;
  const ending = declared.filter((object) => nameOf(object).endsWith(`.${wanted}`));
  const own = ending.filter(({ filename }) => filename === file);
  return own.length > 0 ? own : ending;
}

function isWithin(object: NamespaceBase, { within, isLimit }: Place): boolean {
  return !isLimit || within === '' || `${nameOf(object)}.`.startsWith(`${within}.`);
}

function shown(names: readonly string[], none: string): string {
  return `${names.slice(0, NAMES_SHOWN).join(', ') || none}${names.length > NAMES_SHOWN ? ', …' : ''}`;
}
