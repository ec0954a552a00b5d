import { asBuffer, decodeBase64 } from './base64.js';
import type { FieldModel, MessageModel, ValueModel } from './model.js';
import { setOwn } from './report.js';

/** Bytes in place of base64 in a canonical value, which is not changed; undefined where it is no base64. */
export type BytesDecoder = (value: unknown) => unknown;

interface Step {
  readonly key: string;
  readonly decode: BytesDecoder;
}

/**
 * The second look at what a client sent, made for those messages only that can hold bytes: it goes
 * where bytes can be, and copies what it changes. Undefined where there are none. What an Any holds
 * is not its business: the predicate leaves that to the readers.
 */
export function bytesDecoder(model: ValueModel): BytesDecoder | undefined {
  return new Decoders(model).of(model);
}

class Decoders {
  readonly #holders: ReadonlySet<MessageModel>;
  readonly #messages = new Map<MessageModel, BytesDecoder>();
  readonly #unfinished: (() => void)[] = [];

  constructor(model: ValueModel) {
    this.#holders = holdersOfBytes(model);
  }

  of(model: ValueModel): BytesDecoder | undefined {
    const decode = this.#of(model);
    // Not one inside the other: messages may lead to each other in a chain of thousands.
    for (let next = this.#unfinished.pop(); next; next = this.#unfinished.pop()) next();
    return decode;
  }

  #of(model: ValueModel): BytesDecoder | undefined {
    switch (model.kind) {
      case 'scalar':
        return model.type === 'bytes' ? decodeBytes : undefined;
      case 'wrapper':
        return this.#of(model.value);
      case 'message':
        return this.#holders.has(model.message) ? this.#message(model.message) : undefined;
      default:
        return undefined;
    }
  }

  #message(message: MessageModel): BytesDecoder {
    const known = this.#messages.get(message);
    if (known) return known;
    // The steps come later: they may lead to messages of this very type.
    const steps: Step[] = [];
    const decode = messageDecoder(steps);
    this.#messages.set(message, decode);
    this.#unfinished.push(() => {
      for (const field of message.fields) {
        const one = this.#of(field.value);
        if (one) steps.push({ key: field.key, decode: fieldDecoder(field, one) });
      }
    });
    return decode;
  }
}

function decodeBytes(value: unknown): Buffer | undefined {
  return typeof value === 'string' ? decodeBase64(value) : asBuffer(value as Uint8Array);
}

function fieldDecoder({ rule }: FieldModel, decode: BytesDecoder): BytesDecoder {
  if (rule === 'repeated') return listDecoder(decode);
  return rule === 'map' ? mapDecoder(decode) : decode;
}

function messageDecoder(steps: readonly Step[]): BytesDecoder {
  return (value) => {
    let out = value as Record<string, unknown>;
    for (const { key, decode } of steps) {
      if (!Object.hasOwn(out, key)) continue;
      const decoded = decode(out[key]);
      if (decoded === undefined) return undefined;
      if (decoded === out[key]) continue;
      if (out === value) out = { ...out };
      setOwn(out, key, decoded);
    }
    return out;
  };
}

function listDecoder(decode: BytesDecoder): BytesDecoder {
  return (value) => {
    const out: unknown[] = [];
    for (const element of value as readonly unknown[]) {
      const decoded = decode(element);
      if (decoded === undefined) return undefined;
      out.push(decoded);
    }
    return out;
  };
}

function mapDecoder(decode: BytesDecoder): BytesDecoder {
  return (value) => {
    const out: Record<string, unknown> = {};
    // Object.entries takes several times as long for hundreds of thousands of keys.
    for (const key of Object.keys(value as object)) {
      const decoded = decode((value as Record<string, unknown>)[key]);
      if (decoded === undefined) return undefined;
      setOwn(out, key, decoded);
    }
    return out;
  };
}

/** The messages below a value that hold bytes, themselves or by others: found from the bytes upwards. */
function holdersOfBytes(model: ValueModel): ReadonlySet<MessageModel> {
  const parents = new Map<MessageModel, MessageModel[]>();
  const holders: MessageModel[] = [];
  const left: MessageModel[] = [];
  const meet = (value: ValueModel, parent?: MessageModel): void => {
    if (value.kind === 'wrapper') meet(value.value, parent);
    else if (value.kind === 'scalar' && value.type === 'bytes' && parent) holders.push(parent);
    if (value.kind !== 'message') return;
    if (!parents.has(value.message)) {
      parents.set(value.message, []);
      left.push(value.message);
    }
    if (parent) parents.get(value.message)!.push(parent);
  };
  meet(model);
  for (let message = left.pop(); message; message = left.pop()) {
    for (const field of message.fields) meet(field.value, message);
  }
  const found = new Set<MessageModel>();
  for (let message = holders.pop(); message; message = holders.pop()) {
    if (found.has(message)) continue;
    found.add(message);
    for (const parent of parents.get(message)!) holders.push(parent);
  }
  return found;
}
