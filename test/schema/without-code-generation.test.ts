import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { writeSchema } from './schema-file.js';

const SCRIPT = fileURLToPath(new URL('./fixtures/without-code-generation.mjs', import.meta.url));

test('a schema works where the process may not generate code', { timeout: 60_000 }, async () => {
  const path = writeSchema(`syntax = "proto3";
    import "google/protobuf/timestamp.proto";
    import "google/protobuf/any.proto";
    message Request { int32 n = 1; google.protobuf.Timestamp at = 2; google.protobuf.Any any = 3; }
    message Response { repeated float xs = 1; }`);
  const { stdout } = await promisify(execFile)(process.execPath, [
    '--disallow-code-generation-from-strings',
    '--no-warnings',
    SCRIPT,
    path,
  ]);
  expect(JSON.parse(stdout)).toEqual({
    generates: false,
    canonical: { n: 1, at: '2024-01-01T00:00:00Z', any: { '@type': '/Response', xs: [1] } },
    converted: { n: 1, at: '2024-01-01T00:00:00Z' },
    refused: [
      {
        path: '$.n',
        message: 'expected int32 (an integer from -2147483648 to 2147483647), got "x"',
      },
    ],
    answer: { xs: [1, 2] },
  });
});
