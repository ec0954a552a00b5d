import type { NamespaceBase, ReflectionObject } from 'protobufjs';
import { lineOf, SourceError } from './source-error.js';

/** Where something stands in a file. */
export interface Place {
  readonly file: string;
  readonly source: string;
  readonly offset: number;
}

const PLACE = Symbol('place');

type Placed = ReflectionObject & { [PLACE]?: Place };

/** Notes where a reflected object stands. Its line is counted only when it is asked for. */
export function setPlace(object: ReflectionObject, place: Place): void {
  (object as Placed)[PLACE] = place;
}

/** `file:line` of a reflected object that comes from a .proto. */
function placeOf(object: ReflectionObject): string | undefined {
  const { [PLACE]: place } = object as Placed;
  return place && `${place.file}:${lineOf(place.source, place.offset)}`;
}

/** The same for the end of a message: nothing where it is not known. */
export function inPlace(object: ReflectionObject): string {
  const place = placeOf(object);
  return place === undefined ? '' : ` (${place})`;
}

/** What is wrong with a reflected object, with its place where that is known. */
export function errorAt(object: ReflectionObject, message: string): Error {
  const { [PLACE]: place } = object as Placed;
  if (!place) return new Error(message);
  return new SourceError(place.file, place.source, place.offset, message);
}

/** What protobufjs does not take into a namespace is said with its place, and that of what is in its way. */
export function addTo(namespace: NamespaceBase, object: ReflectionObject): void {
  const other = namespace.get(object.name);
  try {
    namespace.add(object);
  } catch (error) {
    const place = other ? placeOf(other) : undefined;
    const also = place === undefined ? '' : `, which is at ${place} as well`;
    throw errorAt(object, `${(error as Error).message}${also}`);
  }
}
