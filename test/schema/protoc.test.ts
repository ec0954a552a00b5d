import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { INCLUDE, hasProtoc, ourDescription, protocDescription } from './protoc.js';
import { writeSchema } from './schema-file.js';

const FIXTURES = join(import.meta.dirname, 'fixtures');

function protosIn(folder: string): string[] {
  return readdirSync(join(FIXTURES, folder)).map((name) => join(folder, name));
}

/** Of every declaration: names, numbers, types, labels, oneofs, names in JSON, methods. */
describe.skipIf(!hasProtoc())('every declaration is as protoc has it:', () => {
  test.each([...protosIn('scopes'), ...protosIn('rare-forms')])('%s', (name) => {
    const file = join(FIXTURES, name);
    expect(ourDescription(file, [])).toEqual(protocDescription(file, []));
  });

  test.each(['descriptor', 'struct', 'compiler/plugin', 'go_features', 'json_enumvalue_options'])(
    'google/protobuf/%s.proto',
    (name) => {
      const file = join(INCLUDE, 'google/protobuf', `${name}.proto`);
      expect(ourDescription(file, [INCLUDE])).toEqual(protocDescription(file, [INCLUDE]));
    },
  );

  const words = readFileSync(join(FIXTURES, 'rare-forms/words.proto'), 'utf8');
  test.each([
    ['a byte order mark', `\uFEFF${words}`],
    ['the lines of Windows', words.replaceAll('\n', '\r\n')],
  ])('with %s', (_, text) => {
    const file = writeSchema(text);
    expect(ourDescription(file, [])).toEqual(protocDescription(file, []));
  });
});
