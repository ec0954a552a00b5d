import protobuf from 'protobufjs';
import type { OneOf, ReflectionObject, Type } from 'protobufjs';
import { errorAt } from './place.js';

/** A field of proto3 marked `optional` stands in a oneof of its own, as protoc has it. */
export function addMembers(type: Type, members: readonly ReflectionObject[]): void {
  refuseSharedNumbers(type, members);
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

function refuseSharedNumbers(type: Type, members: readonly ReflectionObject[]): void {
  const owners = new Map<number, string>();
  for (const member of members) {
    const fields = member instanceof protobuf.OneOf ? member.fieldsArray : [member];
    for (const field of fields) {
      if (!(field instanceof protobuf.Field)) continue;
      const owner = owners.get(field.id);
      if (owner !== undefined) {
        throw errorAt(field, `duplicate id ${field.id} in ${type.name} (${owner}, ${field.name})`);
      }
      owners.set(field.id, field.name);
    }
  }
}
