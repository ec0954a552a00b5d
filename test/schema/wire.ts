/** Protobuf's wire format by hand, right or wrong. */
export function varint(value: number | bigint, bytes = 1): number[] {
  let rest = BigInt.asUintN(64, BigInt(value));
  const out: number[] = [];
  while (rest > 0x7fn || out.length < bytes - 1) {
    out.push(Number(rest & 0x7fn) | 0x80);
    rest >>= 7n;
  }
  return [...out, Number(rest)];
}

export function tag(field: number, wireType: number): number[] {
  return varint((BigInt(field) << 3n) | BigInt(wireType));
}

export function number(field: number, value: number | bigint): number[] {
  return [...tag(field, 0), ...varint(value)];
}

/** A string, bytes, a message or packed numbers. */
export function len(field: number, content: string | readonly number[]): number[] {
  const bytes = typeof content === 'string' ? [...Buffer.from(content)] : content;
  return [...tag(field, 2), ...varint(bytes.length), ...bytes];
}

export function group(field: number, content: readonly number[], end = field): number[] {
  return [...tag(field, 3), ...content, ...tag(end, 4)];
}

export function fixed32(field: number, value: number): number[] {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32LE(value | 0);
  return [...tag(field, 5), ...bytes];
}

export function float(field: number, value: number): number[] {
  const bytes = Buffer.alloc(4);
  bytes.writeFloatLE(value);
  return [...tag(field, 5), ...bytes];
}

export function double(field: number, value: number): number[] {
  const bytes = Buffer.alloc(8);
  bytes.writeDoubleLE(value);
  return [...tag(field, 1), ...bytes];
}

export function fixed64(field: number, value: bigint): number[] {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(BigInt.asUintN(64, value));
  return [...tag(field, 1), ...bytes];
}
