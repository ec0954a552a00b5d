import { isCanonicalBase64 } from './base64.js';
import { isCanonicalList, isCanonicalStruct, isCanonicalValue } from './dynamic.js';
import { INTEGERS, isCanonicalInteger, type IntegerName } from './integer.js';
import type { EnumModel, FieldModel, MessageModel, ValueModel } from './model.js';
import { MAX_DEPTH } from './report.js';
import { MAX_FLOAT, type ScalarName } from './scalar.js';
import { isCanonicalDuration, isCanonicalTimestamp } from './time.js';

/** Whether a value is canonical already. False means "not surely", and is the slow path's to say. */
export type Predicate = (value: unknown, wellFormed: boolean) => boolean;

/** What generated code calls, by names of ours. */
const RUNTIME = {
  int64: (text: string) => isCanonicalInteger(text, true, 18),
  uint64: (text: string) => isCanonicalInteger(text, false, 19),
  key32: (text: string) => isCanonicalInteger(text, true, 9),
  ukey32: (text: string) => isCanonicalInteger(text, false, 9),
  base64: isCanonicalBase64,
  timestamp: isCanonicalTimestamp,
  duration: isCanonicalDuration,
  value: isCanonicalValue,
  struct: isCanonicalStruct,
  list: isCanonicalList,
};

/** Up to this many names a chain of comparisons is faster than hashing the string. */
const CHAIN = 8;

/**
 * Compiles the predicate of a message: one function for each message type below it, that probes
 * the fields it knows and counts the keys, so that it needs no look-up by name and makes nothing.
 * Undefined where the process may not generate code.
 *
 * Names from the schema enter the code as JSON string literals only.
 */
export function compilePredicate(model: ValueModel): Predicate | undefined {
  const source = new PredicateSource();
  const root = source.check(model, 'v', '0');
  const code = `"use strict";\n${source.functions()}\nreturn (v,w)=>${root};`;
  try {
    return new Function('h', 'enums', code)(RUNTIME, source.enums) as Predicate;
  } catch (error) {
    if (error instanceof EvalError) return undefined;
    throw error;
  }
}

class PredicateSource {
  /** Names of the enums too large for a chain of comparisons. */
  readonly enums: Set<unknown>[] = [];
  readonly #names = new Map<MessageModel, string>();
  readonly #bodies: string[] = [];

  functions(): string {
    return this.#bodies.join('\n');
  }

  /** An expression that is true when `x`, a message of depth `depth` if it is one, is canonical. */
  check(model: ValueModel, x: string, depth: string): string {
    switch (model.kind) {
      case 'scalar':
        return scalarCheck(model.type, x);
      case 'enum':
        return this.#enumCheck(model.enum, x);
      case 'message':
        return `${this.#message(model.message)}(${x},${depth},w)`;
      case 'wrapper':
        return `${depth}<=${MAX_DEPTH}&&${this.check(model.value, x, depth)}`;
      case 'timestamp':
      case 'duration':
        return `${depth}<=${MAX_DEPTH}&&typeof ${x}==="string"&&h.${model.kind}(${x})`;
      case 'fieldMask':
        return `${depth}<=${MAX_DEPTH}&&typeof ${x}==="string"&&!${x}.includes("_")`;
      case 'value':
      case 'struct':
      case 'list':
        return `h.${model.kind}(${x},${depth},w)`;
      case 'any':
        // Depth and required fields count differently in an Any: left to the slow path.
        return 'false';
    }
  }

  #enumCheck({ spellings }: EnumModel, x: string): string {
    const canonical = [...new Set(spellings.values())];
    if (canonical.length > CHAIN) {
      return `enums[${this.enums.push(new Set(canonical)) - 1}].has(${x})`;
    }
    if (canonical.length === 0) return 'false';
    return `(${canonical.map((name) => `${x}===${literal(name)}`).join('||')})`;
  }

  #message(model: MessageModel): string {
    const known = this.#names.get(model);
    if (known !== undefined) return known;
    const name = `m${this.#names.size}`;
    this.#names.set(model, name);
    this.#bodies.push(this.#messageFunction(name, model));
    return name;
  }

  /** Only plain objects pass: a class instance may inherit what the probes would find. */
  #messageFunction(name: string, model: MessageModel): string {
    const oneofs = [...new Set(model.fields.flatMap(({ oneof }) => oneof ?? []))];
    const counters = oneofs.map((_, i) => `,o${i}=0`).join('');
    const lines = model.fields.map((field) => {
      const i = field.oneof === undefined ? -1 : oneofs.indexOf(field.oneof);
      const first = i < 0 ? '' : `if(o${i}++)return false;`;
      return `x=${probe(field.key)};if(x!==undefined){${first}${this.#fieldCheck(field)}n++;}`;
    });
    return [
      `function ${name}(v,d,w){`,
      `if(d>${MAX_DEPTH}||typeof v!=="object"||v===null||Object.getPrototypeOf(v)!==Object.prototype)return false;`,
      `let n=0,x${counters};`,
      ...lines,
      'for(const k in v)n--;',
      'return n===0;}',
    ].join('\n');
  }

  #fieldCheck(field: FieldModel): string {
    if (field.rule === 'repeated') {
      const check = this.check(field.value, 'y', '(d+1)');
      return `if(!Array.isArray(x))return false;for(let i=0;i<x.length;i++){const y=x[i];if(!(${check}))return false;}`;
    }
    const check = this.check(field.value, field.mapKey ? 'y' : 'x', '(d+1)');
    if (field.mapKey === undefined) return `if(!(${check}))return false;`;
    return (
      'if(typeof x!=="object"||x===null||Object.getPrototypeOf(x)!==Object.prototype)return false;' +
      `for(const k in x){if(!(${keyCheck(field.mapKey, 'k')}))return false;const y=x[k];if(!(${check}))return false;}`
    );
  }
}

/** Reads a field, but never what every object inherits (`constructor`, `__proto__`, …). */
function probe(key: string): string {
  const name = literal(key);
  return key in Object.prototype ? `(Object.hasOwn(v,${name})?v[${name}]:undefined)` : `v[${name}]`;
}

function scalarCheck(type: ScalarName, x: string): string {
  switch (type) {
    case 'string':
      return `typeof ${x}==="string"&&(w||${x}.isWellFormed())`;
    case 'bool':
      return `typeof ${x}==="boolean"`;
    case 'double':
      return `typeof ${x}==="number"&&${x}-${x}===0`;
    case 'float':
      return `typeof ${x}==="number"&&${x}<=${MAX_FLOAT}&&${x}>=-${MAX_FLOAT}`;
    case 'bytes':
      return `typeof ${x}==="string"&&h.base64(${x})`;
    default:
      return integerCheck(type, x);
  }
}

function integerCheck(type: IntegerName, x: string): string {
  const { signed, long } = INTEGERS[type];
  if (long) return `typeof ${x}==="string"&&h.${signed ? 'int64' : 'uint64'}(${x})`;
  // -0 is not canonical.
  return `typeof ${x}==="number"&&(${x}${signed ? '|0' : '>>>0'})===${x}&&(${x}!==0||1/${x}>0)`;
}

function keyCheck(type: ScalarName, k: string): string {
  if (type === 'string') return `w||${k}.isWellFormed()`;
  if (type === 'bool') return `${k}==="true"||${k}==="false"`;
  const { signed, long } = INTEGERS[type as IntegerName];
  if (long) return `h.${signed ? 'int64' : 'uint64'}(${k})`;
  return `h.${signed ? 'key32' : 'ukey32'}(${k})`;
}

/** JSON, and so JavaScript since ES2019: U+2028 and U+2029 are plain characters in its strings. */
function literal(value: string | null): string {
  return JSON.stringify(value);
}
