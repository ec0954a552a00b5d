import { execFile, execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import {
  InvalidRequest,
  ModelEndpoint,
  protobufSchema,
  type PredictContext,
} from 'nestjs-model-serving';
import { describe, expect, it } from 'vitest';
import { descriptorSetOf, hasProtoc } from '../schema/protoc.js';
import { temporaryFolder } from '../temporary-folder.js';
import { GRPC_DOORS, startGrpc } from './shared-app.js';

const proto = `
  syntax = "proto3"; package acme;
  import "google/protobuf/any.proto";
  message Request { string text = 1; } message Response { int32 length = 1; string seen = 2; }
  service Model { rpc Run(Request) returns (Response); rpc Count(Request) returns (stream Response); }
  message Status { int32 code = 1; string message = 2; repeated google.protobuf.Any details = 3; }`;
const files = { file: 'a.proto', files: { 'a.proto': proto } };

@ModelEndpoint('/run', protobufSchema(files, { rpc: 'Model.Run' }))
class Run {
  async predict({ text }: { text: string }, { headers, signal }: PredictContext) {
    if (text === 'invalid')
      throw new InvalidRequest('Not this', { details: [{ path: '$.text', message: 'is wrong' }] });
    if (text === 'slow') await new Promise((resolve) => signal.addEventListener('abort', resolve));
    return {
      length: text.length,
      seen: headers['x-a-bin']?.toString('hex'),
    };
  }
}
@ModelEndpoint('/count', protobufSchema(files, { rpc: 'Model.Count' }), { stream: true })
class Count {
  *predict({ text }: { text: string }) {
    for (let length = 1; length <= text.length; length++) yield { length };
  }
}

/** A Python that has these; undefined where there is none. */
const pythonWith = (modules: string) =>
  ['python3', '/usr/bin/python3'].find((command) => {
    try {
      execFileSync(command, ['-c', `import ${modules}`], { stdio: 'ignore' });
      return true;
    } catch {
      return false;
    }
  });
/** Debian's python3-grpcio. */
const python = pythonWith('grpc, google.protobuf');
/** With python3-grpc-tools. */
const generating = pythonWith('grpc, grpc_tools');
if (python === undefined) console.warn('no client of Python: grpcio is not installed');

describe.skipIf(python === undefined || !hasProtoc())("Python's grpcio", () => {
  it.each(GRPC_DOORS)('is answered on $door', async (way) => {
    const { address } = await startGrpc(way, { controllers: [Run, Count] });
    const set = join(temporaryFolder('python'), 'set');
    writeFileSync(set, descriptorSetOf(proto));
    const script = fileURLToPath(new URL('fixtures/client.py', import.meta.url));
    const { stdout } = await promisify(execFile)(python!, [script, address, set]);
    expect(JSON.parse(stdout)).toEqual({
      answer: { length: 5, seen: '00ff' },
      head: 'py-1',
      items: [1, 2, 3],
      zipped: 1000,
      failure: {
        code: 'INVALID_ARGUMENT',
        message: 'Not this',
        id: 'py-2',
        status: [3, 'Not this'],
        details: [
          'type.googleapis.com/google.rpc.BadRequest',
          'type.googleapis.com/google.rpc.RequestInfo',
        ],
      },
      late: 'DEADLINE_EXCEEDED',
    });
  });
});

describe.skipIf(generating === undefined)('The client of Python in docs/grpc.md', () => {
  const docs = readFileSync('docs/grpc.md', 'utf8');
  const block = (pattern: RegExp): string => pattern.exec(docs)![1]!;
  const translator = block(/```proto\n\/\/ translator.proto\n([^`]*)```/);
  const client = block(/```\n(import grpc\n[^`]*)```/);
  const generate = block(/`python (-m grpc_tools.protoc [^`]*)`/);

  @ModelEndpoint(
    '/translate',
    protobufSchema(
      { file: 'translator.proto', files: { 'translator.proto': translator } },
      { rpc: 'Translator.Translate' },
    ),
  )
  class Translator {
    predict({ text = '' }: { text?: string }) {
      return { text: text.toUpperCase() };
    }
  }

  it('is answered', async () => {
    const { address } = await startGrpc(GRPC_DOORS[0]!, { controllers: [Translator] });
    const cwd = temporaryFolder('python');
    writeFileSync(join(cwd, 'translator.proto'), translator);
    execFileSync(generating!, generate.split(' '), { cwd });
    writeFileSync(join(cwd, 'client.py'), client.replace('localhost:8000', address));
    const { stdout } = await promisify(execFile)(generating!, ['client.py'], { cwd });
    expect(stdout).toBe('HELLO\n');
  });
});
