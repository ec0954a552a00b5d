import { Injectable, UseGuards, type CanActivate, type ExecutionContext } from '@nestjs/common';
import { ModelEndpoint, protobufSchema, type PredictContext } from 'nestjs-model-serving';
import { beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { EndpointRegistry } from '../../src/endpoint/endpoint-registry.js';
import { HeldModel } from '../execution-http/held-model.js';
import { DOORS, type OpenDoor } from './doors.js';
import { headersOf } from './grpc-door.js';

const proto = `
  syntax = "proto3";
  message Request { optional int32 n = 1; }
  message Response { optional int32 n = 1; }
  service Model {
    rpc Single(Request) returns (Response);
    rpc Batched(Request) returns (Response);
    rpc NoQueue(Request) returns (Response);
    rpc Cached(Request) returns (Response);
  }`;
const schema = (rpc: string) =>
  protobufSchema({ file: 'a.proto', files: { 'a.proto': proto } }, { rpc: `Model.${rpc}` });

let model: HeldModel;
let guarded: number;
beforeEach(() => {
  model = new HeldModel();
  guarded = 0;
});

/** Lets nobody in who does not say so. */
@Injectable()
class Guard implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    guarded++;
    return headersOf(context)['x-let-in'] === 'yes';
  }
}

@ModelEndpoint('/single', schema('Single'), { maxConcurrency: 1, maxQueue: 1 })
@UseGuards(Guard)
class Single {
  predict(input: unknown, context: PredictContext): unknown {
    return model.one(input, context);
  }
}

@ModelEndpoint('/batched', schema('Batched'), {
  maxConcurrency: 1,
  maxQueue: 1,
  batch: { maxSize: 4 },
})
@UseGuards(Guard)
class Batched {
  predict(inputs: unknown[], contexts: PredictContext[]): Promise<never> {
    return model.batch(inputs, contexts);
  }
}

@ModelEndpoint('/no-queue', schema('NoQueue'), { maxConcurrency: 1, maxQueue: 0 })
@UseGuards(Guard)
class NoQueue {
  predict(input: unknown, context: PredictContext): unknown {
    return model.one(input, context);
  }
}

@ModelEndpoint('/cached', schema('Cached'), {
  maxConcurrency: 1,
  maxQueue: 1,
  cache: { shared: true },
})
@UseGuards(Guard)
class Cached {
  predict(input: unknown, context: PredictContext): unknown {
    return model.one(input, context);
  }
}

const parts = { controllers: [Single, Batched, NoQueue, Cached] };
const LET_IN = { 'x-let-in': 'yes' };
const REFUSED = {
  status: 429,
  body: { error: 'Too many requests', code: 'RESOURCE_EXHAUSTED' },
};

/** Waits for as many to be waiting at an endpoint. */
async function queued({ app }: OpenDoor, path: string, length: number): Promise<void> {
  const endpoint = app.get(EndpointRegistry).routes.get(path)!;
  while (endpoint.queueDepth !== length) await new Promise(setImmediate);
}

describe.each(DOORS)('A full queue at $door', ({ open }) => {
  /** Takes the one slot and what there is of a queue. */
  async function fill(door: OpenDoor, path: string) {
    const calls = [door.call(path, { n: 1 }, LET_IN)];
    await model.run(0);
    if (path !== '/no-queue') {
      calls.push(door.call(path, { n: 2 }, LET_IN));
      await queued(door, path, 1);
    }
    guarded = 0;
    onTestFinished(end);
    async function end() {
      for (const n of calls.keys()) {
        const { input, inputs, resolve } = await model.run(n);
        resolve(path === '/batched' ? inputs : input);
      }
    }
    return { calls, end };
  }

  async function finish({ calls, end }: Awaited<ReturnType<typeof fill>>) {
    await end();
    expect((await Promise.all(calls)).map(({ status }) => status)).toEqual(calls.map(() => 200));
  }

  it.each(['/single', '/batched', '/no-queue'])(
    'is told before guard, body and schema are looked at (%s)',
    async (path) => {
      const door = await open(parts);
      const admitted = await fill(door, path);
      expect(await door.call(path, { n: 3 }, LET_IN)).toMatchObject(REFUSED);
      expect(await door.call(path, { n: 3 })).toMatchObject(REFUSED);
      expect(await door.call(path, { n: 'many' }, LET_IN)).toMatchObject(REFUSED);
      expect(await door.call(path, 'no object')).toMatchObject(REFUSED);
      expect(guarded).toBe(0);
      await finish(admitted);
      // There is room again, and all of it is looked at as ever.
      expect((await door.call(path, { n: 3 })).status).toBe(403);
      expect((await door.call(path, { n: 'many' }, LET_IN)).status).toBe(400);
    },
  );

  it('is told last where the cache, or a call under way, may answer', async () => {
    const door = await open(parts);
    const kept = door.call('/cached', { n: 0 }, LET_IN);
    (await model.run(0)).resolve({ n: 0 });
    await kept;
    const first = door.call('/cached', { n: 1 }, LET_IN);
    await model.run(1);
    const second = door.call('/cached', { n: 2 }, LET_IN);
    await queued(door, '/cached', 1);

    expect((await door.call('/cached', { n: 3 })).status).toBe(403);
    expect((await door.call('/cached', { n: 'many' }, LET_IN)).status).toBe(400);
    expect(await door.call('/cached', { n: 0 }, LET_IN)).toMatchObject({ body: { n: 0 } });
    expect(await door.call('/cached', { n: 3 }, LET_IN)).toMatchObject(REFUSED);
    const shared = door.call('/cached', { n: 1 }, LET_IN);
    (await model.run(1)).resolve({ n: 1 });
    expect(await first).toMatchObject({ status: 200, body: { n: 1 } });
    expect(await shared).toMatchObject({ status: 200, body: { n: 1 } });
    (await model.run(2)).resolve({ n: 2 });
    await second;
  });
});
