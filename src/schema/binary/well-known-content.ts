import { MAX_DEPTH } from '../report.js';
import {
  durationParts,
  durationText,
  timestampParts,
  timestampText,
  type SecondsAndNanos,
} from './seconds-and-nanos.js';
import type { Content, Form } from './form.js';
import { numberOf, scalarForm } from './scalar-form.js';
import type { WireReader } from './wire-reader.js';
import { LENGTH_PREFIXED, VARINT, tagOf } from './wire-type.js';
import type { WireWriter } from './wire-writer.js';

const SECONDS = tagOf(1, VARINT);
const NANOS = tagOf(2, VARINT);
const PATHS = tagOf(1, LENGTH_PREFIXED);

/** A well-known type is a scalar in JSON, yet a message where depth is counted. */
function atMessageDepth(content: Content): Content {
  return {
    read(wire, earlier, at, depth) {
      if (depth > MAX_DEPTH) wire.tooDeep(at);
      return content.read(wire, earlier, at, depth);
    },
    write: content.write,
  };
}

export const timestampContent = atMessageDepth({
  read(wire, earlier, at, depth) {
    const parts = readParts(
      wire,
      earlier === undefined ? ZERO : timestampParts(earlier as string),
      at,
      depth,
    );
    return (
      timestampText(parts) ??
      wire.report.fail(at, 'a timestamp from the year 1 to 9999', spoken(parts))
    );
  },
  write: (writer, value) => writeParts(writer, timestampParts(value as string)),
});

export const durationContent = atMessageDepth({
  read(wire, earlier, at, depth) {
    const parts = readParts(
      wire,
      earlier === undefined ? ZERO : durationParts(earlier as string),
      at,
      depth,
    );
    return (
      durationText(parts) ??
      wire.report.fail(
        at,
        'a duration of at most 315576000000 s, with nanoseconds of the same sign',
        spoken(parts),
      )
    );
  },
  write: (writer, value) => writeParts(writer, durationParts(value as string)),
});

const ZERO: SecondsAndNanos = { seconds: 0, nanos: 0 };

function readParts(
  wire: WireReader,
  earlier: SecondsAndNanos,
  at: number,
  depth: number,
): SecondsAndNanos {
  let { seconds, nanos } = earlier;
  for (let tag = wire.next(at); tag !== 0; tag = wire.next(at)) {
    if (tag === SECONDS) {
      wire.varint64();
      seconds = numberOf(wire.low, wire.high);
    } else if (tag === NANOS) nanos = wire.varint32();
    else wire.skip(tag, depth);
  }
  return { seconds, nanos };
}

function writeParts(writer: WireWriter, { seconds, nanos }: SecondsAndNanos): void {
  if (seconds !== 0) {
    writer.varint32(SECONDS);
    scalarForm('int64').write(writer, String(seconds));
  }
  if (nanos !== 0) {
    writer.varint32(NANOS);
    scalarForm('int32').write(writer, nanos);
  }
}

function spoken({ seconds, nanos }: SecondsAndNanos): string {
  return `${seconds} s and ${nanos} ns`;
}

/** Capitals, and what `_` does not turn into one, cannot be said in JSON's spelling. */
const UNSAYABLE = /[A-Z]|_(?![a-z])/;

export const fieldMaskContent = atMessageDepth({
  read(wire, earlier, at, depth) {
    let mask = (earlier as string | undefined) ?? '';
    for (let tag = wire.next(at); tag !== 0; tag = wire.next(at)) {
      if (tag !== PATHS) {
        wire.skip(tag, depth);
        continue;
      }
      const path = wire.string();
      if (UNSAYABLE.test(path)) wire.report.fail(at, 'field masks in lower_snake_case', path);
      const camelCase = path.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
      mask += mask === '' ? camelCase : `,${camelCase}`;
    }
    return mask;
  },
  write(writer, value) {
    if (value === '') return;
    for (const path of (value as string).split(',')) {
      writer.varint32(PATHS);
      writer.string(path.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`));
    }
  },
});

/** google.protobuf.Int32Value and the like. */
export function wrapperContent(value: Form): Content {
  const valueTag = tagOf(1, value.wireType);
  return atMessageDepth({
    read(wire, earlier, at, depth) {
      let out = earlier;
      for (let tag = wire.next(at); tag !== 0; tag = wire.next(at)) {
        if (tag === valueTag) out = value.read(wire, out, at, depth);
        else wire.skip(tag, depth);
      }
      return out ?? value.absent(wire, at, depth);
    },
    write(writer, wrapped) {
      if (value.isDefault(wrapped)) return;
      writer.varint32(valueTag);
      value.write(writer, wrapped);
    },
  });
}
