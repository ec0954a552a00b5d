import { Injectable } from '@nestjs/common';
import {
  ConfigurationError,
  ModelEndpoint,
  InvalidRequest,
  type PredictContext,
} from 'nestjs-model-serving';
import protobuf from 'protobufjs';
import { beforeEach, describe, expect, it } from 'vitest';
import { ADAPTERS, createApp, startApp } from '../serving-app.js';

interface Input {
  n?: string;
}

const { root: schema } = protobuf.parse(`
  syntax = "proto3";
  message Request { int64 n = 1; }
  message Response { int64 n = 1; }
`);

let events: string[];
beforeEach(() => {
  events = [];
});

@Injectable()
class Model {
  async onModuleInit(): Promise<void> {
    await new Promise(setImmediate);
    events.push('loaded');
  }
}

@ModelEndpoint('/single', schema, { warmup: [{ n: 7 }, { n: '8' }] as any[] })
class Single {
  constructor(readonly model: Model) {}

  async predict({ n }: Input, { signal, requestId }: PredictContext): Promise<Input> {
    events.push(`single ${typeof n} ${n} ${requestId}`);
    await new Promise(setImmediate);
    return signal.aborted ? {} : { n };
  }
}

@ModelEndpoint('/batched', schema, {
  batch: { maxSize: 4, maxDelay: 5 },
  warmup: [{ n: 1 }] as any[],
  timeout: 5_000,
})
class Batched {
  predict(inputs: Input[]): Input[] {
    events.push(`batched ${inputs.length}`);
    return inputs;
  }
}

@ModelEndpoint('/throws', undefined, { warmup: [{ n: 1 }, { n: 2 }] })
class Throws {
  predict({ n }: { n: number }): unknown {
    if (n === 2) throw new InvalidRequest('The model knows no two');
    return {};
  }
}

@ModelEndpoint('/throws-nothing-known', undefined, { warmup: [{}] })
class ThrowsNothingKnown {
  predict(): never {
    throw Object.create(null);
  }
}

@ModelEndpoint('/throws-batched', undefined, { batch: {}, warmup: [{ n: 1 }] })
class ThrowsBatched {
  predict(inputs: unknown[]): Error[] {
    return inputs.map(() => new Error('The file is damaged'));
  }
}

@ModelEndpoint<Input>('/breaks-request', schema, { warmup: [{ n: 'one' }] })
class BreaksRequest {
  predict(): Input {
    return {};
  }
}

@ModelEndpoint('/breaks-response', schema, { warmup: [{ n: '1' }] })
class BreaksResponse {
  predict(): unknown {
    return { n: 'one' };
  }
}

@ModelEndpoint('/late', undefined, { warmup: [{}], timeout: 20 })
class Late {
  predict(_: unknown, { signal }: PredictContext): Promise<unknown> {
    return new Promise((_, reject) => {
      signal.addEventListener('abort', () => reject(signal.reason as Error));
    });
  }
}

describe.each(ADAPTERS)('warmup on %s', (adapter) => {
  it('is run with canonical inputs once the models are loaded, before the app is ready', async () => {
    const controllers = [Single, Batched];
    const app = await startApp(adapter, { controllers, providers: [Model] });
    expect(events).toEqual([
      'loaded',
      'single string 7 warm-up',
      'single string 8 warm-up',
      'batched 1',
    ]);
    expect((await app.get('/__ready')).status).toBe(200);
    expect((await app.post('/batched', { n: 2 })).body).toEqual({ n: '2' });
  });

  it.each([
    [Throws, 'Throws: expected warmup[1] to succeed, got "The model knows no two"'],
    [ThrowsNothingKnown, 'ThrowsNothingKnown: expected warmup[0] to succeed, got "Thrown: '],
    [ThrowsBatched, 'ThrowsBatched: expected warmup[0] to succeed, got "The file is damaged"'],
    [BreaksRequest, 'BreaksRequest: expected warmup[0] to succeed, got "'],
    [BreaksResponse, 'BreaksResponse: expected warmup[0] to succeed, got "'],
    [Late, 'Late: expected warmup[0] to succeed, got "Deadline exceeded"'],
  ])('that fails stops the boot with one sentence: %o', async (controller, sentence) => {
    const app = await createApp(adapter, { controllers: [controller] });
    try {
      await expect(app.listen(0, '127.0.0.1')).rejects.toThrow(sentence);
      expect(app.getHttpServer().listening).toBe(false);
    } finally {
      await app.close();
    }
  });

  it.each([
    [{ warmup: { n: 1 } }, 'Wrong: expected warmup to be an array of inputs, got { n: 1 }'],
    [{ timeout: 0 }, 'Wrong: expected timeout to be a whole number from 1 to'],
    [
      { maxConcurrency: 0 },
      'Wrong: expected maxConcurrency to be a whole number of at least 1, got 0',
    ],
    [{ maxQueue: -1 }, 'Wrong: expected maxQueue to be a whole number of at least 0, got -1'],
    [
      { batch: { maxSize: 1.5 } },
      'Wrong: expected batch.maxSize to be a whole number of at least 1',
    ],
    [{ batch: { maxDelay: '5' } }, 'Wrong: expected batch.maxDelay to be a whole number from 0'],
    [{ batch: { sizeOf: 3 } }, 'Wrong: expected batch.sizeOf to be a function, got 3'],
    [{ batch: { size: 3 } }, 'got the unknown option "size"'],
    [
      { onBatchError: 'retry' },
      "Wrong: expected onBatchError to be 'isolate' or 'fail', got 'retry'",
    ],
  ])('and the other options of execution are checked at boot: %j', async (options, sentence) => {
    @ModelEndpoint('/wrong', undefined, options as object)
    class Wrong {
      predict(): unknown {
        return {};
      }
    }
    const app = await createApp(adapter, { controllers: [Wrong] });
    const error = await app.init().catch((cause: unknown) => cause);
    expect(error).toBeInstanceOf(ConfigurationError);
    expect((error as Error).message).toContain(sentence);
    await app.close().catch(() => undefined);
  });
});
