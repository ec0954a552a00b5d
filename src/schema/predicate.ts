import { types } from 'node:util';
import { isCanonicalBase64 } from './base64.js';
import { membersOfList, membersOfStruct, membersOfValue } from './dynamic.js';
import { reachesPrototype } from '../json/index.js';
import { INTEGERS, canonicalIntegerTest, type IntegerName } from './integer.js';
import type { EnumModel, FieldModel, MessageModel, ValueModel } from './model.js';
import { MAX_DEPTH } from './report.js';
import { MAX_FLOAT, areFinite, type ScalarName } from './scalar.js';
import { isCanonicalDuration } from './duration.js';
import { isCanonicalTimestamp } from './timestamp.js';

/**
 * How many members all objects of a value have together, if it is canonical already. A negative
 * number means "not surely", and is the slow path's to say.
 */
export type Predicate = (value: unknown, wellFormed: boolean, answer: boolean) => number;

/** What generated code calls, by names of ours. */
const RUNTIME = {
  int32: canonicalIntegerTest(INTEGERS.int32),
  uint32: canonicalIntegerTest(INTEGERS.uint32),
  int64: canonicalIntegerTest(INTEGERS.int64),
  uint64: canonicalIntegerTest(INTEGERS.uint64),
  doubles: areFinite,
  base64: isCanonicalBase64,
  isBytes: types.isUint8Array,
  timestamp: isCanonicalTimestamp,
  duration: isCanonicalDuration,
  value: membersOfValue,
  struct: membersOfStruct,
  list: membersOfList,
  reaches: reachesPrototype,
};

/** Up to so many names a chain of comparisons is faster than a look-up. Keys are interned, values are not. */
const FIELD_CHAIN = 64;
const ENUM_CHAIN = 8;

/**
 * Compiles the predicate of a message: one function for each message type below it, that
 * looks at each key once and makes nothing. Undefined where the process may not generate code.
 *
 * Names from the schema enter the code as JSON string literals only.
 */
export function compilePredicate(model: ValueModel): Predicate | undefined {
  const source = new PredicateSource();
  const root = source.check(model, 'v', '0');
  const code = `"use strict";\n${source.functions()}\nreturn (v,w,a)=>{let n=0,c=0;return ${root}?n:-1;};`;
  try {
    return new Function('h', 'tables', code)(RUNTIME, source.tables) as Predicate;
  } catch (error) {
    if (error instanceof EvalError) return undefined;
    throw error;
  }
}

class PredicateSource {
  /** Names too many for a chain of comparisons: of an enum's values, or of a message's fields. */
  readonly tables: (Set<unknown> | Map<string, number>)[] = [];
  readonly #names = new Map<MessageModel, string>();
  readonly #unwritten: MessageModel[] = [];

  /** Those of the messages that were checked, one after the other: their chain may be long. */
  functions(): string {
    const bodies: string[] = [];
    for (let model = this.#unwritten.pop(); model; model = this.#unwritten.pop()) {
      bodies.push(this.#messageFunction(this.#names.get(model) as string, model));
    }
    return bodies.join('\n');
  }

  /** An expression that is true when `x`, a message of depth `depth` if it is one, is canonical. */
  check(model: ValueModel, x: string, depth: string): string {
    switch (model.kind) {
      case 'scalar':
        return scalarCheck(model.type, x);
      case 'enum':
        return this.#enumCheck(model.enum, x);
      case 'message':
        return counted(`${this.#message(model.message)}(${x},${depth},w,a)`);
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
        return counted(`h.${model.kind}(${x},${depth},w,a)`);
      case 'any':
        // Depth and required fields count differently in an Any: left to the slow path.
        return 'false';
    }
  }

  #enumCheck({ spellings }: EnumModel, x: string): string {
    const canonical = [...new Set(spellings.values())];
    if (canonical.length > ENUM_CHAIN) {
      return `tables[${this.tables.push(new Set(canonical)) - 1}].has(${x})`;
    }
    if (canonical.length === 0) return 'false';
    return `(${canonical.map((name) => `${x}===${literal(name)}`).join('||')})`;
  }

  #message(model: MessageModel): string {
    const known = this.#names.get(model);
    if (known !== undefined) return known;
    const name = `m${this.#names.size}`;
    this.#names.set(model, name);
    this.#unwritten.push(model);
    return name;
  }

  /**
   * The keys lead, not the fields: probing for an absent property costs dearly once a message has
   * had many shapes.
   */
  #messageFunction(name: string, { fields }: MessageModel): string {
    const oneofs = new Map<string, number>();
    for (const { oneof } of fields) {
      if (oneof !== undefined && !oneofs.has(oneof)) oneofs.set(oneof, oneofs.size);
    }
    const wide = fields.length > FIELD_CHAIN;
    const cases = fields.map((field, i) => {
      const label = wide ? i : literal(field.key);
      const first = field.oneof === undefined ? '' : `if(o${oneofs.get(field.oneof)}++)return -1;`;
      return `case ${label}:{${first}${this.#fieldCheck(field)}break;}`;
    });
    const index = wide ? this.tables.push(new Map(fields.map(({ key }, i) => [key, i]))) - 1 : 0;
    return [
      `function ${name}(v,d,w,a){`,
      `if(d>${MAX_DEPTH}||${notPlain('v')})return -1;`,
      'let n=0,c=0;',
      ...[...oneofs.values()].map((i) => `let o${i}=0;`),
      `for(const k in v){n++;const x=v[k];switch(${wide ? `tables[${index}].get(k)` : 'k'}){`,
      ...cases,
      'default:return -1;}}',
      'return n;}',
    ].join('\n');
  }

  #fieldCheck(field: FieldModel): string {
    if (field.rule === 'repeated') {
      if (field.value.kind === 'scalar' && field.value.type === 'double') {
        return `if(!(${isArray('x')}&&h.doubles(x)))return -1;`;
      }
      const check = this.check(field.value, 'y', '(d+1)');
      return `if(!(${isArray('x')}))return -1;for(let i=0;i<x.length;i++){const y=x[i];if(!(${check}))return -1;}`;
    }
    const check = this.check(field.value, field.mapKey ? 'y' : 'x', '(d+1)');
    if (field.mapKey === undefined) return `if(!(${check}))return -1;`;
    const keys = `if(!(${keyCheck(field.mapKey, 'k', 'y')}))return -1;`;
    const values = `n++;if(!(${check}))return -1;`;
    // Keys that are indices are slow to enumerate one by one, and dear to make: not for bad values.
    return (
      `if(${notPlain('x')})return -1;` +
      (field.mapKey in INTEGERS
        ? `for(const y of Object.values(x)){${values}}for(const k of Object.keys(x)){${keys}}`
        : `for(const k in x){const y=x[k];${keys}${values}}`)
    );
  }
}

/** An expression that is true where a call counts members, and adds them. */
function counted(call: string): string {
  return `(c=${call})>=0&&(n+=c,true)`;
}

/**
 * JSON.parse makes arrays and plain objects only. An answer may hold instances of classes, which
 * have inherited fields and a `toJSON`.
 */
function notPlain(x: string): string {
  const foreign = `(a?Object.getPrototypeOf(${x})!==Object.prototype:Array.isArray(${x}))`;
  return `typeof ${x}!=="object"||${x}===null||${foreign}`;
}

/** Those of a handler may have a `toJSON` as well. */
function isArray(x: string): string {
  return `Array.isArray(${x})&&(!a||Object.getPrototypeOf(${x})===Array.prototype)`;
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
      // A client's are decoded afterwards, which tells as well whether they are base64.
      return `(typeof ${x}==="string"?!a||h.base64(${x}):!a&&h.isBytes(${x}))`;
    default:
      return integerCheck(type, x);
  }
}

function integerCheck(type: IntegerName, x: string): string {
  const { signed, long } = INTEGERS[type];
  if (long) return `typeof ${x}==="string"&&${integerText(type, x)}`;
  // -0 is not canonical.
  return `typeof ${x}==="number"&&(${x}${signed ? '|0' : '>>>0'})===${x}&&(${x}!==0||1/${x}>0)`;
}

function keyCheck(type: ScalarName, k: string, x: string): string {
  if (type === 'string') {
    // Three comparisons with interned names cost less than a call for each key.
    const harmless = ['__proto__', 'constructor', 'prototype'].map((name) => `${k}!=="${name}"`);
    return `(w||${k}.isWellFormed())&&(a||${harmless.join('&&')}||!h.reaches(${k},${x}))`;
  }
  if (type === 'bool') return `${k}==="true"||${k}==="false"`;
  return integerText(type as IntegerName, k);
}

function integerText(type: IntegerName, text: string): string {
  const { signed, long } = INTEGERS[type];
  return `h.${signed ? '' : 'u'}int${long ? 64 : 32}(${text})`;
}

/** JSON, and so JavaScript since ES2019: U+2028 and U+2029 are plain characters in its strings. */
function literal(value: string | null): string {
  return JSON.stringify(value);
}
