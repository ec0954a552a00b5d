import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { inspect } from 'node:util';
import type { Worker } from 'node:worker_threads';
import { Injectable } from '@nestjs/common';
import { ModelEndpoint } from 'nestjs-model-serving';
import { Tensor } from 'onnxruntime-node';
import { afterAll, afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { ConfigurationError, ServingError } from '../../src/errors/index.js';
import {
  OnnxModel,
  type OnnxFeeds,
  type OnnxModelOptions,
  type TensorLike,
} from '../../src/runtimes/onnx/index.js';
import { pack, unpack } from '../../src/runtimes/onnx/packed-tensor.mjs';
import { SessionThread } from '../../src/runtimes/onnx/session-thread.js';
import { ADAPTERS, startApp } from '../serving-app.js';
import { writeGraph, type Graph } from './onnx-graph.js';

const directory = mkdtempSync(join(tmpdir(), 'onnx-threads-test-'));
const models: OnnxModel[] = [];
let workers: Worker[] = [];
const collect = (worker: Worker) => workers.push(worker);

beforeEach(() => {
  workers = [];
  process.on('worker', collect);
});
afterEach(async () => {
  vi.restoreAllMocks();
  process.off('worker', collect);
  await Promise.all(models.splice(0).map((model) => model.release()));
});
afterAll(() => rmSync(directory, { recursive: true }));

async function load(graph: Graph | string, options: OnnxModelOptions) {
  const file = typeof graph === 'string' ? graph : writeGraph(directory, graph);
  const model = new OnnxModel(file, options);
  models.push(model);
  await model.load();
  return model;
}

const identity = (type: string, shape?: (number | string)[]): Graph => ({
  inputs: { x: [type, shape] },
  outputs: { y: [type, shape] },
  nodes: [['Identity', ['x'], ['y']]],
});

/** Multiplies a square matrix with itself 64 times: a long run for a large one. */
const CHAIN: Graph = {
  inputs: { x: ['FLOAT', ['n', 'n']] },
  outputs: { y: ['FLOAT', ['n', 'n']] },
  nodes: Array.from({ length: 64 }, (_, i) => [
    'MatMul',
    [i === 0 ? 'x' : `step${i - 1}`, 'x'],
    [i === 63 ? 'y' : `step${i}`],
  ]),
};
const square = (n: number) => new Tensor('float32', new Float32Array(n * n), [n, n]);
const LONG = () => ({ x: square(320) });
const SHORT = () => ({ x: square(1) });

describe('with threads as without', () => {
  const TYPES: Record<string, [type: string, shape: (number | string)[] | undefined, TensorLike]> =
    {
      numbers: ['FLOAT', ['a', 2], [[1, 2], [NaN, -Infinity]]], // prettier-ignore
      scalar: ['FLOAT', [], 7],
      anyRank: ['FLOAT', undefined, [[[1], [2]]]],
      noRows: ['FLOAT', ['b', 2], new Tensor('float32', new Float32Array(0), [0, 2])],
      view: [
        'FLOAT',
        ['c'],
        new Tensor('float32', new Float32Array([1, 2, 3, 4]).subarray(1, 3), [2]),
      ],
      double: ['DOUBLE', ['d'], [0.1, -0]],
      float16: ['FLOAT16', ['e'], [1, -2.5, 65504]],
      int64: ['INT64', ['f'], [1, 2n, '-9223372036854775808']],
      uint64: ['UINT64', ['g'], [2n ** 64n - 1n]],
      bytes: ['UINT8', ['h'], Buffer.from('abc')],
      bytesTensor: ['UINT8', ['i'], new Tensor('uint8', Buffer.from('abc'), [3])],
      int16: ['INT16', ['j'], [-32768]],
      bool: ['BOOL', ['k'], [true, false]],
      string: ['STRING', ['l'], ['a', 'ü', '', '\ud83d\ude00']],
      noString: ['STRING', ['m'], new Tensor('string', [], [0])],
    };
  const SUM: Graph = {
    inputs: { a: ['FLOAT', ['n']], b: ['FLOAT', ['m']] },
    outputs: { c: ['FLOAT', ['k']] },
    nodes: [['Add', ['a', 'b'], ['c']]],
  };

  async function both<T>(graph: Graph, act: (model: OnnxModel) => Promise<T>) {
    const file = writeGraph(directory, graph);
    const options: OnnxModelOptions = { clientInput: true, session: { logSeverityLevel: 4 } };
    const without = await act(await load(file, options));
    expect(workers).toHaveLength(0);
    const within = await act(await load(file, { ...options, threads: 1 }));
    expect(workers).toHaveLength(1);
    return { without, within };
  }

  test('tensors of every type', async () => {
    const entries = Object.entries(TYPES);
    const graph: Graph = {
      inputs: Object.fromEntries(entries.map(([name, [type, shape]]) => [name, [type, shape]])),
      outputs: Object.fromEntries(
        entries.map(([name, [type, shape]]) => [`${name}Out`, [type, shape]]),
      ),
      nodes: entries.map(([name]) => ['Identity', [name], [`${name}Out`]]),
    };
    const feeds = Object.fromEntries(entries.map(([name, [, , value]]) => [name, value]));
    const { without, within } = await both(graph, (model) => model.run(feeds));
    expect(Object.keys(within)).toHaveLength(entries.length);
    expect(within).toEqual(without);
    for (const tensor of Object.values(within)) expect(tensor).toBeInstanceOf(Tensor);
  });

  test('the rows of a batch', async () => {
    const items = [{ x: [1] }, { x: [2, 3] }, { x: 'no' }, { x: [4] }] as OnnxFeeds[];
    const { without, within } = await both(identity('FLOAT', ['batch', 'n']), (model) =>
      model.runBatch(items),
    );
    expect(within).toEqual(without);
  });

  test('errors: of ONNX Runtime, and in a shape, a value, a type or a name', async () => {
    const wrong: OnnxFeeds[] = [
      { a: [1, 2], b: [1, 2, 3] },
      { a: [[1]], b: [1] },
      { a: ['x'], b: [1] },
      { a: new Tensor('int32', [1], [1]), b: [1] },
      { a: [1], b: [1], c: [1] },
      { a: [1] },
    ];
    const { without, within } = await both(SUM, (model) =>
      Promise.all(wrong.map(async (feeds) => described(await failure(model.run(feeds))))),
    );
    expect(within).toEqual(without);
  });

  test.each<[string, string, OnnxModelOptions]>([
    ['a file that is missing', 'missing.onnx', {}],
    ['a file that is no model', fileURLToPath(import.meta.url), {}],
    [
      'what ONNX Runtime does not know',
      writeGraph(directory, { ...CHAIN, nodes: [['Nonsense', ['x'], ['y']]] }),
      {},
    ],
    ['a session option', writeGraph(directory, CHAIN), { session: { executionProviders: ['no'] } }],
  ])('%s stops the app with the same sentence', async (_, file, options) => {
    const [without, within] = await Promise.all(
      [0, 2].map((threads) => failure(new OnnxModel(file, { ...options, threads }).load())),
    );
    expect(within).toBeInstanceOf(ConfigurationError);
    expect(described(within)).toEqual(described(without));
  });
});

describe('memory', () => {
  test('of the caller stays the caller’s', async () => {
    const model = await load(identity('FLOAT', ['n']), { threads: 1 });
    const values = new Float32Array([1, 2, 3]);
    const tensor = new Tensor('float32', values, [3]);
    for (const x of [tensor, values, tensor, values.subarray(1), values]) {
      await model.run({ x });
      await model.runBatch([{ x: 1 }, { x: values.subarray(0, 1) }]);
    }
    expect(values).toEqual(new Float32Array([1, 2, 3]));
  });

  test('is moved where nobody needs it, else copied without what surrounds it', () => {
    const whole = new Float32Array([1, 2, 3, 4]);
    const x = new Tensor('float32', whole.subarray(1, 3), [2]);
    const copied = pack({ x }, () => false);
    expect(copied.transferList.map(({ byteLength }) => byteLength)).toEqual([8]);
    expect(copied.transferList).not.toContain(whole.buffer);
    const moved = pack({ x, same: x }, () => true);
    expect(moved.transferList).toEqual([whole.buffer]);
    expect(unpack(moved.packed)).toEqual({ x, same: x });
  });

  test('that the model fills itself is moved', async () => {
    const run = vi.spyOn(SessionThread.prototype, 'run');
    const model = await load(identity('FLOAT', ['n']), { threads: 1 });
    await model.run({ x: [1, 2] });
    await model.runBatch([{ x: 1 }]);
    expect(run.mock.calls.map(([feeds]) => feeds.x!.data.length)).toEqual([0, 0]);
  });
});

describe('the event loop', () => {
  test('goes on while a thread computes, and so do the other threads', async () => {
    const model = await load(CHAIN, { threads: 2, session: { intraOpNumThreads: 1 } });
    const order: string[] = [];
    const long = model.run(LONG()).then(() => order.push('long'));
    const short = model.run(SHORT()).then(() => order.push('short'));
    await Promise.all([long, short]);
    expect(order).toEqual(['short', 'long']);
  });

  test.each(ADAPTERS)('answers others before the model has, on %s', async (adapter) => {
    const file = writeGraph(directory, CHAIN);
    @Injectable()
    class Chain extends OnnxModel<{ y: 'float32' }> {
      constructor() {
        super(file, { threads: 1, session: { intraOpNumThreads: 1 } });
      }
    }
    let started!: () => void;
    const begun = new Promise<void>((resolve) => (started = resolve));
    @ModelEndpoint('/chain')
    class Endpoint {
      constructor(private readonly model: Chain) {}
      async predict() {
        const run = this.model.run(LONG());
        started();
        return { rows: (await run).y.dims[0] };
      }
    }
    const { get, post } = await startApp(adapter, { controllers: [Endpoint], providers: [Chain] });
    const order: string[] = [];
    const answer = post('/chain', {}).then(({ body }) => {
      order.push('model');
      return body as unknown;
    });
    await begun;
    await get('/__ping').then(() => order.push('ping'));
    expect(await answer).toEqual({ rows: 320 });
    expect(order).toEqual(['ping', 'model']);
  });
});

describe('an abort', () => {
  test('rejects at once and leaves the thread, busy, to finish', async () => {
    const model = await load(CHAIN, { threads: 1, session: { intraOpNumThreads: 1 } });
    const run = vi.spyOn(SessionThread.prototype, 'run');
    const controller = new AbortController();
    const aborted = model.run(LONG(), { signal: controller.signal });
    await turn();
    const next = model.run(SHORT());
    const reason = new Error('gone');
    controller.abort(reason);
    await expect(aborted).rejects.toBe(reason);
    expect(run).toHaveBeenCalledTimes(1);
    await next;
    // The thread has computed the aborted run to its end before it took the next.
    await expect(run.mock.results[0]!.value).resolves.toHaveProperty('y');
    expect(run).toHaveBeenCalledTimes(2);
    expect(workers).toHaveLength(1);
  });

  test('keeps a run that waits from starting', async () => {
    const model = await load(CHAIN, { threads: 1 });
    const run = vi.spyOn(SessionThread.prototype, 'run');
    const controller = new AbortController();
    const { signal } = controller;
    const running = model.run(LONG());
    const reason = new Error('gone');
    const waiting = [1, 2].map(() => failure(model.run(SHORT(), { signal })));
    const last = model.run(SHORT());
    controller.abort(reason);
    expect(await Promise.all(waiting)).toEqual([reason, reason]);
    await Promise.all([running, last]);
    expect(run).toHaveBeenCalledTimes(2);
  });

  test('in the very turn in which its thread becomes free does so, too', async () => {
    const model = await load(CHAIN, { threads: 1 });
    const run = vi.spyOn(SessionThread.prototype, 'run');
    const controller = new AbortController();
    const running = model.run(SHORT()).then(() => controller.abort(new Error('gone')));
    const waiting = failure(model.run(SHORT(), { signal: controller.signal }));
    await running;
    expect((await waiting).message).toBe('gone');
    await model.run(SHORT());
    expect(run.mock.calls.length).toBeLessThanOrEqual(3);
  });

  test.each([
    ['release', 0],
    ['exit', 7],
    ['nothing', 0],
  ])('a hundred of them in four threads, and at the end %s: no crash', async (end, code) => {
    const program = fileURLToPath(
      new URL(
        '../../node_modules/.cache/serve-fixtures/test/runtimes/fixtures/onnx-aborts.js',
        import.meta.url,
      ),
    );
    const file = writeGraph(directory, CHAIN);
    const result = await new Promise<object>((resolve) =>
      execFile(process.execPath, [program, file, end], (error, stdout, stderr) =>
        resolve({ code: error?.code ?? error?.signal ?? 0, stdout, stderr }),
      ),
    );
    expect(result).toEqual({ code, stdout: '{"aborted":100}\n', stderr: '' });
  });
});

describe('the threads', () => {
  test('end after what they run, each with its session released, and turn away what waits', async () => {
    const model = await load(CHAIN, { threads: 2, session: { intraOpNumThreads: 1 } });
    const exits = vi.fn();
    for (const worker of workers) worker.once('exit', exits);
    const running = [1, 2].map(() => model.run(LONG()));
    await turn();
    const waiting = failure(model.run(SHORT()));
    const order: string[] = [];
    const done = Promise.all(running).then(() => order.push('done'));
    await model.release().then(() => order.push('released'));
    await done;
    expect(order).toEqual(['done', 'released']);
    expect(exits).toHaveBeenCalledTimes(2);
    expect(await waiting).toBeInstanceOf(ServingError);
    expect(await waiting).toMatchObject({ failure: 'Unavailable' });
    await expect(model.run(SHORT())).rejects.toThrow('is not loaded');
    await model.load();
    await model.run(SHORT());
  });

  test('are replaced when they die, at the cost of their own call', async () => {
    const model = await load(CHAIN, { threads: 2, session: { intraOpNumThreads: 1 } });
    const other = model.run(LONG());
    await turn();
    // Not what Piscina sends its threads: an exception that nobody catches, in the thread that is idle.
    workers[0]!.postMessage({});
    const error = await failure(model.run(SHORT()));
    expect(error).not.toBeInstanceOf(ServingError);
    expect(error.message).toMatch(/^OnnxModel: a worker thread failed: /);
    const runs = await Promise.all([model.run(SHORT()), model.run(SHORT())]);
    expect(runs.map(({ y }) => y!.dims)).toEqual([
      [1, 1],
      [1, 1],
    ]);
    expect((await other).y!.dims).toEqual([320, 320]);
    expect(workers).toHaveLength(3);
  });

  test('that die idle are replaced as well', async () => {
    const model = await load(CHAIN, { threads: 1 });
    await workers[0]!.terminate();
    expect((await model.run(SHORT())).y!.dims).toEqual([1, 1]);
    expect(workers).toHaveLength(2);
  });
});

describe('the option', () => {
  test.each([-1, 1.5, NaN, Infinity, '2', null, true])('refuses %j', (threads) => {
    const make = () => new OnnxModel('model.onnx', { threads: threads as number });
    expect(make).toThrow(ConfigurationError);
    expect(make).toThrow(
      `OnnxModel: expected threads to be a whole number of at least 0, got ${inspect(threads)}`,
    );
  });

  test('refuses session options that cannot be copied to a thread', async () => {
    const session = { extra: { hook: () => 1 } };
    expect(() => new OnnxModel('model.onnx', { threads: 1, session })).toThrow(
      'OnnxModel: expected session to be options that can be copied to a thread, got { extra: [Object] }',
    );
    await load(CHAIN, { threads: 0, session });
  });
});

const turn = () => new Promise(setImmediate);

function described(error: unknown): unknown {
  const { name, message, constructor } = error as Error;
  return { name, message, constructor };
}

function failure(promise: Promise<unknown>): Promise<Error> {
  return promise.then(
    () => expect.unreachable('expected a failure'),
    (error: Error) => error,
  );
}
