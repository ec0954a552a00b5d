import type { WireReader } from './wire-reader.js';
import { END_GROUP, LENGTH_PREFIXED, START_GROUP, tagOf } from './wire-type.js';
import type { WireWriter } from './wire-writer.js';

/** How the values of one type stand on the wire behind their tag, and what they are in canonical form. */
export interface Form {
  readonly wireType: number;
  /**
   * Reads one value; undefined is a number that a closed enum does not have.
   *
   * @param earlier the value that the field has already, if it merges
   */
  read(wire: WireReader, earlier: unknown, at: number, depth: number): unknown;
  /** Reads one that nothing is merged with, where that makes a difference. */
  readElement?(wire: WireReader, at: number, depth: number): unknown;
  write(writer: WireWriter, value: unknown): void;
  /** What the value of a map is that its entry does not have. */
  absent(wire: WireReader, at: number, depth: number): unknown;
  /** Whether a value is the one that a field without presence has where it is absent. */
  isDefault(value: unknown): boolean;
  /** A message's that comes twice is one, with the fields of both. */
  readonly merges?: boolean;
  /** Bytes of each value, where all have the same size. */
  readonly size?: number;
  /** Reads the values up to the end of the message in hand, faster than one by one. */
  readAll?(wire: WireReader): unknown[];
}

/** The inside of a message: of one of the schema's, or of a well-known type. */
export interface Content {
  /** Reads to the end of the message in hand. */
  read(wire: WireReader, earlier: unknown, at: number, depth: number): unknown;
  /** The same for one that nothing is merged with, where that makes a difference. */
  readElement?(wire: WireReader, at: number, depth: number): unknown;
  write(writer: WireWriter, value: unknown): void;
}

/** A message behind its length. */
export function lengthPrefixed(content: Content): Form {
  const { readElement } = content;
  return {
    readElement:
      readElement &&
      ((wire, at, depth) => {
        const { end, group } = wire;
        wire.enterLength();
        const value = readElement(wire, at, depth);
        wire.leave(end, group);
        return value;
      }),
    wireType: LENGTH_PREFIXED,
    merges: true,
    read(wire, earlier, at, depth) {
      const { end, group } = wire;
      wire.enterLength();
      const value = content.read(wire, earlier, at, depth);
      wire.leave(end, group);
      return value;
    },
    write(writer, value) {
      const start = writer.begin();
      content.write(writer, value);
      writer.end(start);
    },
    absent: (wire, at, depth) => readNothing(content, wire, at, depth),
    isDefault: () => false,
  };
}

/** A message between two tags. */
export function delimited(content: Content, fieldNumber: number): Form {
  const endTag = tagOf(fieldNumber, END_GROUP);
  return {
    wireType: START_GROUP,
    merges: true,
    read(wire, earlier, at, depth) {
      const { end, group } = wire;
      wire.group = fieldNumber;
      const value = content.read(wire, earlier, at, depth);
      wire.leave(end, group);
      return value;
    },
    write(writer, value) {
      content.write(writer, value);
      writer.varint32(endTag);
    },
    absent: (wire, at, depth) => readNothing(content, wire, at, depth),
    isDefault: () => false,
  };
}

function readNothing(content: Content, wire: WireReader, at: number, depth: number): unknown {
  const { end, group } = wire;
  wire.enterNothing();
  const value = content.read(wire, undefined, at, depth);
  wire.leave(end, group);
  return value;
}
