/*
 * How a value stands on protobuf's wire: the lower three bits of the tag before it, whose other
 * bits are the number of its field.
 */

export const VARINT = 0;
export const FIXED64 = 1;
export const LENGTH_PREFIXED = 2;
export const START_GROUP = 3;
export const END_GROUP = 4;
export const FIXED32 = 5;

export function tagOf(fieldNumber: number, wireType: number): number {
  return ((fieldNumber << 3) | wireType) >>> 0;
}
