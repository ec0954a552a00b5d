import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { InvalidRequest } from '../../src/errors/index.js';
import { compileSchema, protobufSchema } from '../../src/schema/index.js';
import { loadFile } from '../../src/schema/load.js';
import { isType } from '../../src/schema/reflection.js';
import { randomSchema } from '../schema/random-schema.js';
import { RandomValue } from '../schema/random-value.js';
import { Random } from '../schema/random.js';
import { answerOf } from './answer.js';
import { generatedFolder } from './generated.js';
import { literal } from './literal.js';
import { complaints } from './project.js';
import { SCHEMAS } from './schemas.js';

const SEED = Number(process.env['SCHEMA_SEED'] ?? Math.floor(Math.random() * 2 ** 32));
const COUNT = 25;
const VALUES = 15;

test('what a handler gets, and returns, is of the types, for random schemas', { timeout: 120_000 }, () => {
  console.log(`SCHEMA_SEED=${SEED} for these ${COUNT} schemas`);
  const random = new Random(SEED);
  const texts = Array.from({ length: COUNT }, () => withoutInherited(randomSchema(random).text.replace('package fuzz.v1;', `$&\n${IMPORTS}`)));
  const names = texts.map((_, i) => `s${i}.proto`);
  const folder = generatedFolder(Object.fromEntries(texts.map((text, i) => [names[i], text])));
  names.forEach((name, i) => {
    const path = join(folder, name);
    const type = loadFile(path, [], 'Test').names.find('fuzz.v1.M0');
    const schema = compileSchema(protobufSchema(path, { request: 'M0', response: 'M0' }), 'Test');
    if (!isType(type)) throw new Error('M0 is a message');
    const sent = new RandomValue(random, 0, 0.5);
    const lines = [`import type { M0Input, M0Output } from './${name}.js';`, 'declare function gets(input: M0Input): void;', 'declare function returns(output: M0Output): void;'];
    for (let n = 0; n < VALUES; n++) {
      const canonical = readable(() => schema.request!.read(sent.message(type)));
      // TypeScript takes such keys, which a map may have, for what every object inherits.
      if (/\["(?:constructor|__proto__)"\]/.test(literal(canonical))) continue;
      lines.push(`gets(${literal(canonical)});`);
      const answer = answerOf(type, canonical, random);
      lines.push(`returns(${literal(answer)});`);
      schema.response!.write(answer);
    }
    writeFileSync(join(folder, `use${i}.ts`), lines.join('\n'));
  });
  const said = complaints(folder, names.flatMap((name, i) => [`${name}.ts`, `use${i}.ts`]));
  expect(said.map((line) => `${line}\n${sourceOf(folder, line)}`)).toEqual([]);
}); // prettier-ignore

/** Even where nothing is broken on purpose, a key may stand twice. */
function readable(read: () => unknown): unknown {
  for (;;) {
    try {
      return read();
    } catch (error) {
      if (!(error instanceof InvalidRequest)) throw error;
    }
  }
}

const IMPORTS = ['any', 'duration', 'empty', 'field_mask', 'struct', 'timestamp', 'wrappers']
  .map((name) => `import "google/protobuf/${name}.proto";`)
  .join('\n');

/** Every object has these in TypeScript, with other types than a schema gives them. */
function withoutInherited(text: string): string {
  return text
    .replaceAll('"__proto__"', '"proto"')
    .replaceAll(/\b(to_string|hasOwnProperty|valueOf|is_prototype_of)\b/g, 'own_$1')
    .replaceAll(/(?<!E0_MINUS = -1; )\bconstructor = /g, 'own_constructor = ');
}

function sourceOf(folder: string, complaint: string): string {
  const [, file, line] = /^(\S+?):(\d+)/.exec(complaint)!;
  return readFileSync(join(folder, file!), 'utf8').split('\n')[Number(line) - 1]!;
}

/** Expressions by what is right or wrong with them, for every-kind.proto. */
const RIGHT_ANSWERS = [
  [
    '{}',
    '{ text: undefined }',
    '{ a: 5 }',
    '{ a: 5n }',
    '{ a: "5" }',
    '{ count: 5n }',
    '{ count: 5 }',
  ],
  ['{ longs: [1, 2n, "3"] }', '{ longs: BigInt64Array.of(1n) }', '{ longs: new Set(["5"]) }'],
  [
    '{ floats: Float32Array.of(1, NaN) }',
    '{ floats: [NaN, "Infinity"] }',
    '{ floats: new Set([1]) }',
  ],
  ['{ ints: Int32Array.of(1) }', '{ ints: Uint8Array.of(1) }', '{ ints: new Set([1, 2]) }'],
  ['{ bools: [true] }', '{ bools: Uint8Array.of(0, 1) }', '{ bools: new Set([true]) }'],
  [
    '{ at: new Date(0) }',
    '{ at: "2024-02-29T12:00:00Z" }',
    '{ times: [new Date(0), "2024-02-29T12:00:00Z"] }',
  ],
  [
    '{ blob: Uint8Array.of(1) }',
    '{ blob: Buffer.of(1) }',
    '{ blob: "AQ==" }',
    '{ blob: new ArrayBuffer(2) }',
  ],
  ['{ image: new DataView(new ArrayBuffer(2)) }', '{ manies: new Set([Buffer.of(1)]) }'],
  [
    '{ blobs: { 1: Uint8Array.of(1) } }',
    '{ blobs: new Map([[1n, "AQ=="]]) }',
    '{ named: { a: undefined } }',
  ],
  ['{ named: new Map([["a", { url: "b" }]]) }', '{ children: new Set([{ url: "a" }]) }'],
  [
    '{ unit: "METRE" }',
    '{ unit: 1 }',
    '{ unit: 99 }',
    '{ array: "ALIAS" }',
    '{ units: ["METRE", 5] }',
  ],
  [
    '{ value: null }',
    '{ value: [1n, new Date(0), { a: undefined, b: new Map([["c", 1]]) }] }',
    '{ value: "x" }',
  ],
  ['{ object: { a: [1, { b: null }] } }', '{ object: new Map([["a", 1]]) }', '{ list: [null, 1] }'],
  [
    '{ any: {} }',
    '{ any: { "@type": "x/acme.shared.Point", x: 1 } }',
    '{ empty: {} }',
    '{ nothing: null }',
  ],
  [
    '{ url: "a" }',
    '{ image: Uint8Array.of(1) }',
    '{ again: { again: {} } }',
    '{ url: "a", b: { x: 1 } }',
  ],
  [
    '{ url: "a", image: undefined }',
    '{ number: "NaN" }',
    '{ number: -Infinity }',
    '{ took: "1s", mask: "a.b" }',
  ],
  [`{ "it's \\"odd\\"": "x", foreign: { other: "x" }, nested: { deep: { up: {} } } }`],
].flat();

const WRONG_ANSWERS = [
  '{ text: 5 }',
  '{ text: ["a"] }',
  '{ txet: "a" }',
  '{ url: "a", image: Uint8Array.of(1) }',
  '{ url: "a", again: {} }',
  '{ a: 1, b: {} }',
  '{ a: true }',
  '{ a: {} }',
  '{ count: new Date(0) }',
  '{ floats: ["a"] }',
  '{ floats: 5 }',
  '{ floats: { 0: 1 } }',
  '{ floats: new Map([[1, 2]]) }',
  '{ floats: [undefined] }',
  '{ ints: [true] }',
  '{ bools: [1] }',
  '{ bools: Float32Array.of(5) }',
  '{ at: 5 }',
  '{ at: {} }',
  '{ took: 5 }',
  '{ blob: 5 }',
  '{ blobs: [1] }',
  '{ named: { a: 5 } }',
  '{ named: [["a", {}]] }',
  '{ named: new Set(["a"]) }',
  '{ children: { url: "a" } }',
  '{ children: [{ utl: "a" }] }',
  '{ unit: "INCH" }',
  '{ unit: true }',
  '{ units: "METRE" }',
  '{ value: () => 5 }',
  '{ value: Promise.resolve(5) }',
  '{ object: [1] }',
  '{ object: "a" }',
  '{ list: {} }',
  '{ any: { x: 1 } }',
  '{ empty: { a: 1 } }',
  '{ number: "1,5" }',
  '{ flag: 1 }',
  '{ foreign: { url: "a" } }',
  '[]',
  '5',
  '"a"',
];

describe('what a handler returns by hand:', () => {
  const evaluate = (expression: string): unknown => new Function(`return (${expression});`)();
  const schemaIn = (folder: string) =>
    compileSchema(protobufSchema(join(folder, 'every-kind.proto'), { response: 'Request' }), 'Test').response!;
  const complaintsAbout = (folder: string, expressions: readonly string[]) => {
    const lines = expressions.map((expression) => `returns(${expression});`);
    const text = [`import type { RequestOutput } from './every-kind.proto.js'; declare function returns(output: RequestOutput): void;`, ...lines].join('\n');
    writeFileSync(join(folder, 'use.ts'), text);
    return complaints(folder, ['use.ts']);
  };

  test('what is right compiles and passes', () => {
    const folder = generatedFolder(SCHEMAS);
    expect(complaintsAbout(folder, RIGHT_ANSWERS)).toEqual([]);
    for (const right of RIGHT_ANSWERS) schemaIn(folder).write(evaluate(right));
  });

  test('what is wrong does neither', () => {
    const folder = generatedFolder(SCHEMAS);
    const said = complaintsAbout(folder, WRONG_ANSWERS);
    const compiling = WRONG_ANSWERS.filter((_, i) => !said.some((line) => line.startsWith(`use.ts:${i + 2} `)));
    const passing = WRONG_ANSWERS.filter((wrong) => {
      try {
        schemaIn(folder).write(evaluate(wrong));
        return true;
      } catch {
        return false;
      }
    });
    expect({ compiling, passing }).toEqual({ compiling: [], passing: [] });
  });
}); // prettier-ignore
