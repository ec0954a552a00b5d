import { Controller } from '@nestjs/common';
import { ModelEndpoint } from 'nestjs-model-serving';
import { ThreadedModel } from 'nestjs-model-serving/threads';
import protobuf from 'protobufjs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ADAPTERS, startApp } from '../serving-app.js';

const { root } = protobuf.parse(`syntax = "proto3";
  message Request { bytes data = 1; repeated bytes parts = 2; }
  message Response { bytes data = 1; repeated bytes parts = 2; string seen = 3; repeated bool bits = 4; int32 run = 5; }`);

interface Bytes {
  data?: Buffer;
  parts?: Buffer[];
}

let runs = 0;

/** Gives back what it got, in other types that are bytes, and says what it was. */
function echo({ data, parts }: Bytes) {
  return {
    data: data && new Uint8Array(data).buffer,
    parts: parts?.map((part) => new Uint8Array(part)),
    seen: [data, ...(parts ?? [])].map((bytes) => (Buffer.isBuffer(bytes) ? bytes : '?')).join(),
    bits: data && Uint8Array.from(data, (byte) => byte % 2),
    run: ++runs,
  };
}

const threads = new ThreadedModel<{ type: string; value: Bytes }, Bytes>(
  new URL('../runtimes/fixtures/commands.mjs', import.meta.url),
  { maxThreads: 1, workerData: { state: new Int32Array(new SharedArrayBuffer(12)) } },
);
beforeAll(() => threads.load());
afterAll(() => threads.close());

@Controller()
class Models {
  @ModelEndpoint('/single', root, { cache: true })
  single(input: Bytes) {
    return echo(input);
  }

  @ModelEndpoint('/batched', root, { batch: {} })
  batched(inputs: Bytes[]) {
    return inputs.map(echo);
  }

  @ModelEndpoint('/threaded', root)
  async threaded(input: Bytes) {
    return threads.run({ type: 'echo', value: input });
  }
}

const BODY = { data: 'aGk=', parts: ['', 'eW8='] };

describe.each(ADAPTERS)('bytes on %s', (adapter) => {
  it('are Buffers in a handler, and base64 outside', async () => {
    const app = await startApp(adapter, { controllers: [Models] });
    for (const path of ['/single', '/batched']) {
      const { status, body } = await app.post(path, BODY);
      expect([status, body]).toEqual([
        200,
        { ...BODY, seen: 'hi,,yo', bits: [false, true], run: runs },
      ]);
    }
  });

  it('are one entry of the cache, however they were written', async () => {
    const app = await startApp(adapter, { controllers: [Models] });
    const first = await app.post('/single', { data: '-_8=' });
    expect(first.headers.get('x-cache')).toBe('MISS');
    const again = await app.post('/single', { data: '+/8', parts: null });
    expect(again.headers.get('x-cache')).toBe('HIT');
    expect(again.body).toEqual(first.body);
    expect((await app.post('/single', { data: '-_4=' })).headers.get('x-cache')).toBe('MISS');
  });

  it('go to a thread and come back', async () => {
    const app = await startApp(adapter, { controllers: [Models] });
    expect(await app.post('/threaded', BODY)).toMatchObject({ status: 200, body: BODY });
  });
});
