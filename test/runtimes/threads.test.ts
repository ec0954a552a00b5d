import { Injectable, Logger, Module } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { ConfigurationError, InvalidRequest, ServingError } from '../../src/errors/index.js';
import { ThreadedModel, type ThreadedModelOptions } from '../../src/runtimes/threads/index.js';

const fixture = (name: string) => new URL(`./fixtures/${name}`, import.meta.url);
const COMMANDS = fixture('commands.mjs');

interface Command {
  type: string;
  value?: unknown;
}

// What the fixture shares: calls started, whether 'wait' may end, whether loading fails.
let state: Int32Array;
const models: ThreadedModel<never>[] = [];

beforeEach(() => {
  state = new Int32Array(new SharedArrayBuffer(12));
});
afterEach(() => Promise.all(models.splice(0).map((model) => model.close())));

async function load(options: ThreadedModelOptions = {}, value?: unknown) {
  const model = new ThreadedModel<Command>(COMMANDS, {
    maxThreads: 1,
    workerData: { state, value },
    ...options,
  });
  models.push(model);
  await model.load();
  return model;
}

const started = (calls: number) =>
  vi.waitFor(() => expect(Atomics.load(state, 0)).toBe(calls), { timeout: 10_000, interval: 5 });

function release() {
  Atomics.store(state, 1, 1);
  Atomics.notify(state, 1);
}

describe('a call', () => {
  test('runs in another thread and gives back what the file returns', async () => {
    const model = await load();
    expect(await model.run({ type: 'echo', value: new Float32Array([1, 2]) })).toEqual(
      new Float32Array([1, 2]),
    );
    expect(await model.run({ type: 'thread' })).toBeGreaterThan(0);
  });

  test('may move buffers', async () => {
    const model = await load();
    const buffer = new ArrayBuffer(8);
    const result = await model.run({ type: 'echo', value: buffer }, { transferList: [buffer] });
    expect((result as ArrayBuffer).byteLength).toBe(8);
    expect(buffer.byteLength).toBe(0);
  });

  test('sees workerData', async () => {
    expect(await (await load({}, 'data')).run({ type: 'data' })).toBe('data');
  });

  test('may be of a CommonJS file', async () => {
    const model = new ThreadedModel<string>(fixture('upper-case.cjs'), { maxThreads: 1 });
    models.push(model);
    await model.load();
    expect(await model.run('text')).toBe('TEXT');
  });
});

describe('an error the file throws', () => {
  test('arrives with its name, message and stack, and costs no thread', async () => {
    const model = await load();
    const thread = await model.run({ type: 'thread' });
    const error = await failure(model.run({ type: 'throw' }));
    expect(error.name).toBe('RangeError');
    expect(error.message).toBe('out of range');
    expect(error.stack).toContain('commands.mjs');
    expect(await model.run({ type: 'thread' })).toBe(thread);
  });

  test('named InvalidRequest is the client’s fault here too', async () => {
    const error = await failure((await load()).run({ type: 'throw an invalid request' }));
    expect(error).toBeInstanceOf(InvalidRequest);
    expect(error).toMatchObject({
      message: 'Missing text',
      details: [{ path: '$.text', message: 'expected text' }],
    });
  });

  test('may be no error at all', async () => {
    const error = await failure((await load()).run({ type: 'throw a string' }));
    expect(error.message).toBe('only text');
  });
});

describe('a thread that dies fails its own call only, and is replaced', () => {
  test.each([
    ['exit', 'a worker thread failed: worker exited with code: 3'],
    ['throw later', 'a worker thread failed: too late'],
    ['return a function', 'as when its result cannot be copied'],
    ['exhaust memory', 'out of memory'],
  ])('%s', async (type, message) => {
    const model = await load({ maxThreads: 2, resourceLimits: { maxOldGenerationSizeMb: 30 } });
    const other = model.run({ type: 'wait', value: 'other' });
    await started(1);
    const dying = model.run({ type });
    const queued = model.run({ type: 'echo', value: 'queued' });
    const error = await failure(dying);
    expect(error).not.toBeInstanceOf(ServingError);
    expect(error.message).toContain(message);
    // The other thread is still busy: only a replacement can serve it.
    expect(await queued).toBe('queued');
    release();
    expect(await other).toBe('other');
  });

  test('an input that cannot be copied costs no thread', async () => {
    const model = await load();
    const thread = await model.run({ type: 'thread' });
    const error = await failure(model.run({ type: 'echo', value: () => 1 }));
    expect(error.message).toContain('could not be cloned');
    expect(await model.run({ type: 'thread' })).toBe(thread);
  });

  test('even when its first replacements cannot load', async () => {
    const log = vi.spyOn(Logger.prototype, 'error').mockImplementation(() => undefined);
    const model = await load();
    Atomics.store(state, 2, 1);
    const dying = model.run({ type: 'exit' });
    const queued = model.run({ type: 'echo' });
    await expect(dying).rejects.toThrow('exited with code: 3');
    await expect(queued).rejects.toThrow('a worker thread failed');
    expect(log).toHaveBeenCalledWith('A worker thread failed: broken at load');
    await expect(model.run({ type: 'echo' })).rejects.toThrow('broken at load');
    Atomics.store(state, 2, 0);
    expect(await model.run({ type: 'echo', value: 'again' })).toBe('again');
    log.mockRestore();
  });
});

describe('an abort', () => {
  test('of a running call stops its thread, which is replaced', async () => {
    const model = await load();
    const thread = await model.run({ type: 'thread' });
    const controller = new AbortController();
    const running = model.run({ type: 'wait' }, { signal: controller.signal });
    await started(2);
    const reason = new Error('the client has gone');
    controller.abort(reason);
    await expect(running).rejects.toBe(reason);
    // 'wait' never ends by itself here, so an answer comes from a new thread.
    expect(await model.run({ type: 'thread' })).not.toBe(thread);
  });

  test('of a waiting call takes it out of the queue', async () => {
    const model = await load({ maxQueue: 1 });
    const running = model.run({ type: 'wait', value: 1 });
    await started(1);
    const controller = new AbortController();
    const waiting = model.run({ type: 'echo', value: 2 }, { signal: controller.signal });
    const reason = new Error('the client has gone');
    controller.abort(reason);
    await expect(waiting).rejects.toBe(reason);
    const next = model.run({ type: 'echo', value: 3 });
    release();
    expect(await Promise.all([running, next])).toEqual([1, 3]);
    expect(Atomics.load(state, 0)).toBe(2);
  });

  test('before the call keeps it from starting', async () => {
    const model = await load();
    const signal = AbortSignal.abort(new Error('gone'));
    await expect(model.run({ type: 'echo' }, { signal })).rejects.toThrow('gone');
    expect(await model.run({ type: 'echo', value: 1 })).toBe(1);
    expect(Atomics.load(state, 0)).toBe(1);
  });
});

describe('the queue', () => {
  test('is bounded, also for calls with a signal', async () => {
    const model = await load({ maxQueue: 2 });
    const { signal } = new AbortController();
    const running = model.run({ type: 'wait' }, { signal });
    await started(1);
    const waiting = [1, 2].map((value) => model.run({ type: 'echo', value }, { signal }));
    const error = await failure(model.run({ type: 'echo' }, { signal }));
    expect(error).toBeInstanceOf(ServingError);
    expect(error).toMatchObject({ failure: 'QueueFull', retryAfter: 1 });
    release();
    await running;
    expect(await Promise.all(waiting)).toEqual([1, 2]);
  });

  test('keeps the order of calls', async () => {
    const model = await load();
    const running = model.run({ type: 'wait' });
    const { signal } = new AbortController();
    const order: unknown[] = [];
    const waiting = [1, 2, 3, 4, 5].map(async (value) =>
      order.push(await model.run({ type: 'echo', value }, { signal })),
    );
    await started(1);
    release();
    await Promise.all([running, ...waiting]);
    expect(order).toEqual([1, 2, 3, 4, 5]);
  });
});

describe('as a provider', () => {
  @Injectable()
  class Commands extends ThreadedModel<Command> {
    constructor() {
      super(COMMANDS, { maxThreads: 1 });
      models.push(this);
    }
  }

  test('is loaded at start and closed after the shutdown’s other hooks', async () => {
    let last: unknown;
    @Module({ providers: [Commands] })
    class App {
      constructor(private readonly model: Commands) {}
      async beforeApplicationShutdown() {
        last = await this.model.run({ type: 'echo', value: 'last' });
      }
    }
    const app = await (await Test.createTestingModule({ imports: [App] }).compile()).init();
    const model = app.get(Commands);
    expect(await model.run({ type: 'echo', value: 1 })).toBe(1);
    await app.close();
    expect(last).toBe('last');
    await expect(model.run({ type: 'echo' })).rejects.toThrow('Commands is not loaded');
  });

  test('closing ends what runs and turns away what waits', async () => {
    const model = await load();
    const running = failure(model.run({ type: 'wait' }));
    const waiting = failure(model.run({ type: 'echo' }));
    await started(1);
    await model.close();
    expect((await running).message).toContain('Terminating worker thread');
    expect(await waiting).toMatchObject({ failure: 'Unavailable' });
  });

  test('closing while the threads load leaves no rejection that nobody handles', async () => {
    const unhandled = vi.fn();
    process.on('unhandledRejection', unhandled);
    const model = new ThreadedModel<Command>(COMMANDS, { maxThreads: 2 });
    void model.load();
    await model.close();
    // Node tells of unhandled rejections when the microtasks of a turn are done.
    await new Promise(setImmediate);
    process.removeListener('unhandledRejection', unhandled);
    expect(unhandled).not.toHaveBeenCalled();
  });

  test.each([
    [
      'does not exist',
      fixture('missing.mjs'),
      'if missing.mjs is among the sources, have the build copy it',
    ],
    ['has no default export', fixture('no-default.mjs'), 'to be a function, got undefined'],
    ['throws when loaded', COMMANDS, 'broken at load'],
  ])('stops the app at boot if the file %s', async (_, file, message) => {
    Atomics.store(state, 2, 1);
    const model = new ThreadedModel(file, { maxThreads: 2, workerData: { state } });
    models.push(model as ThreadedModel<never>);
    const providers = [{ provide: 'MODEL', useValue: model }];
    const app = await Test.createTestingModule({ providers }).compile();
    const error = await failure(app.init());
    expect(error).toBeInstanceOf(ConfigurationError);
    expect(error.message).toContain(
      `ThreadedModel: expected file to be a module that a worker thread can run, got "${file.pathname}"`,
    );
    expect(error.message).toContain(message);
  });

  test.each<[ThreadedModelOptions, string]>([
    [{ maxThreads: 0 }, 'maxThreads to be a whole number of at least 1, got 0'],
    [{ maxThreads: 1, minThreads: 2 }, 'minThreads to be a whole number from 1 to 1, got 2'],
    [{ maxQueue: -1 }, 'maxQueue to be a whole number of at least 0, got -1'],
    [{ idleTimeout: '1s' as never }, `idleTimeout to be milliseconds, got '1s'`],
    [{ threads: 2 } as never, 'got the unknown option "threads"'],
  ])('refuses %j', (options, message) => {
    const make = () => new ThreadedModel(COMMANDS, options);
    expect(make).toThrow(ConfigurationError);
    expect(make).toThrow(message);
  });
});

function failure(promise: Promise<unknown>): Promise<Error> {
  return promise.then(
    () => expect.unreachable('expected a failure'),
    (error: Error) => error,
  );
}
