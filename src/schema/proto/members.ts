import protobuf from 'protobufjs';
import type { OneOf, ReflectionObject, Type } from 'protobufjs';
import { errorAt } from './place.js';

/** A field of proto3 marked `optional` stands in a oneof of its own, as protoc has it. */
export function addMembers(type: Type, members: readonly ReflectionObject[]): void {
  refuseClashes(type, members);
  // protobufjs would look through all fields for the number of each.
  Object.defineProperty(type, 'fieldsById', { value: {}, configurable: true });
  const names = new Set(members.map(({ name }) => name));
  for (const member of members) {
    if (!(member instanceof protobuf.Field && member.getOption('proto3_optional'))) {
      type.add(member);
      continue;
    }
    let name = `_${member.name}`;
    while (names.has(name)) name = `X${name}`;
    names.add(name);
    type.add(new protobuf.OneOf(name).add(member) as OneOf);
  }
  Reflect.deleteProperty(type, 'fieldsById');
}

/** protobufjs refuses these as well, but does not know where they stand. */
function refuseClashes(type: Type, members: readonly ReflectionObject[]): void {
  const names = new Set<string>();
  const owners = new Map<number, string>();
  for (const member of members) {
    const fields = member instanceof protobuf.OneOf ? member.fieldsArray : [];
    for (const object of [member, ...fields]) {
      const { name } = object;
      if (names.has(name)) throw errorAt(object, `duplicate name '${name}' in ${type.name}`);
      names.add(name);
      if (!(object instanceof protobuf.Field)) continue;
      const { id } = object;
      const owner = owners.get(id);
      if (owner !== undefined) {
        throw errorAt(object, `duplicate id ${id} in ${type.name} (${owner}, ${name})`);
      }
      owners.set(id, name);
      if (type.isReservedId(id)) throw errorAt(object, `id ${id} is reserved in ${type.name}`);
      if (type.isReservedName(name)) {
        throw errorAt(object, `name '${name}' is reserved in ${type.name}`);
      }
    }
  }
}
