import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Injectable } from '@nestjs/common';
import { ModelEndpoint, protobufSchema } from 'nestjs-model-serving';
import { OnnxModel } from 'nestjs-model-serving/onnx';
import { OpenInferenceModule } from 'nestjs-model-serving/open-inference';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { typeOfDatatype } from '../../src/open-inference/binding/element-type.js';
import { writeGraph, type Value } from '../runtimes/onnx-graph.js';
import { ADAPTERS, createApp, startApp } from '../serving-app.js';

@Injectable()
class IrisModel extends OnnxModel<{ probabilities: 'float32' }> {
  constructor() {
    super('examples/iris/iris.onnx');
  }
}

/** What the model takes and gives, and no schema. */
@ModelEndpoint('/bare', undefined, { name: 'bare', batch: { maxSize: 64 } })
class Bare {
  constructor(readonly model: IrisModel) {}
  predict(items: { features: number[] }[]) {
    return this.model.runBatch(items);
  }
}

const schema = (text: string) =>
  protobufSchema({ file: 'a.proto', files: { 'a.proto': `syntax = "proto3"; ${text}` } });

@ModelEndpoint(
  '/described',
  schema(`
    message Request { repeated float features = 1; repeated float other = 2; }
    message Response { string best = 1; repeated float probabilities = 2; }`),
  { name: 'described', batch: { maxSize: 64 } },
)
class Described {
  constructor(readonly model: IrisModel) {}
  async predict(items: { features?: number[] }[]) {
    const rows = await this.model.runBatch(items.map(({ features = [] }) => ({ features })));
    return rows.map((row) => (row instanceof Error ? row : { ...row, best: 'one' }));
  }
}

const parts = {
  controllers: [Bare, Described],
  providers: [IrisModel],
  imports: [OpenInferenceModule.forRoot()],
};
const FLOWERS = [[5.1, 3.5, 1.4, 0.2], [6.3, 2.9, 5.6, 1.8]]; // prettier-ignore
const features = (shape: number[], data: unknown) => ({
  inputs: [{ name: 'features', datatype: 'FP32', shape, data }],
});

describe.each(ADAPTERS)('An ONNX model on %s', (adapter) => {
  it('says itself what its tensors are', async () => {
    const { get, post } = await startApp(adapter, parts);
    expect((await get('/v2/models/bare')).body).toEqual({
      name: 'bare',
      versions: [],
      platform: 'onnx_onnxv1',
      inputs: [{ name: 'features', datatype: 'FP32', shape: [-1, 4] }],
      outputs: [{ name: 'probabilities', datatype: 'FP32', shape: [-1, 3] }],
    });
    expect((await get('/v2/models/described')).body).toMatchObject({
      inputs: [
        { name: 'features', shape: [-1, 4] },
        { name: 'other', shape: [-1, -1] },
      ],
      outputs: [
        { name: 'best', datatype: 'BYTES', shape: [-1] },
        { name: 'probabilities', shape: [-1, 3] },
      ],
    });
    const { status, body } = await post('/v2/models/bare/infer', features([2, 4], FLOWERS));
    expect([status, body.outputs?.[0].shape]).toEqual([200, [2, 3]]);
    const [first, second] = [body.outputs[0].data.slice(0, 3), body.outputs[0].data.slice(3)];
    expect(first.indexOf(Math.max(...first))).toBe(0);
    expect(second.indexOf(Math.max(...second))).toBe(2);
    const described = await post('/v2/models/described/infer', features([2, 4], FLOWERS));
    expect(described.body.outputs[1].data).toEqual(body.outputs[0].data);
    const wrong = await post('/v2/models/bare/infer', features([2, 3], [1, 2, 3, 4, 5, 6]));
    expect([wrong.status, wrong.body.error]).toEqual([
      400,
      'Invalid request at inputs[0].shape: expected [-1, 4], got [2, 3]',
    ]);
  });
});

describe('A model that a file declares', () => {
  let directory: string;
  beforeAll(() => void (directory = mkdtempSync(join(tmpdir(), 'open-inference-'))));
  afterAll(() => rmSync(directory, { recursive: true }));

  /** What gives back `x` as `y`, and may be changed on its way into the answer. */
  async function copying(
    x: Value,
    {
      y = x,
      change = (row) => row,
      response,
    }: { y?: Value; change?: (row: object) => unknown; response?: string } = {},
  ) {
    const nodes = [['Identity', ['x'], ['y']]] as const;
    const model = new OnnxModel(writeGraph(directory, { inputs: { x }, outputs: { y }, nodes }));
    const described = response
      ? schema(`message Request { repeated float x = 1; } ${response}`)
      : undefined;
    @ModelEndpoint('/copy', described, { name: 'copy', batch: { maxSize: 4 } })
    class Copy {
      readonly model = model;
      async predict(items: { x: number[] }[]) {
        // A schema has flat lists, whose shape the model would have to be told.
        const rows = described ? items.map(({ x: y }) => ({ y })) : await model.runBatch(items);
        return rows.map((row) => (row instanceof Error ? row : change(row)));
      }
    }
    const { get, post } = await startApp('express', {
      controllers: [Copy],
      providers: [{ provide: OnnxModel, useValue: model }],
      imports: [OpenInferenceModule.forRoot()],
    });
    return {
      told: async () => (await get('/v2/models/copy')).body.outputs,
      infer: (datatype: string, shape: number[], data: unknown[]) =>
        post('/v2/models/copy/infer', { inputs: [{ name: 'x', datatype, shape, data }] }),
    };
  }

  it.each([
    ['UINT8', 'UINT8', [0, 1, 2, 255]],
    ['INT8', 'INT8', [-128, 1, 2, 127]],
    ['UINT16', 'UINT16', [0, 1, 2, 65535]],
    ['INT64', 'INT64', ['-9223372036854775808', 1, 2, 3]],
    ['UINT64', 'UINT64', ['18446744073709551615', 1, 2, 3]],
    ['DOUBLE', 'FP64', [1e300, 1, 2, 3]],
    ['BOOL', 'BOOL', [true, false, false, true]],
    ['STRING', 'BYTES', ['', 'ä', 'b', 'c']],
  ])('gives tensors of %s, whatever their rows are made of', async (type, datatype, data) => {
    for (const row of [[], [1, 2]]) {
      const { infer } = await copying([type, ['rows', ...row]]);
      const shape = [row.includes(2) ? 2 : 4, ...row];
      const { status, body } = await infer(datatype, shape, data);
      const y = { name: 'y', datatype, shape, data };
      expect([status, body.outputs]).toEqual([200, [y]]);
    }
  });

  it.each([
    ['UINT8', 'UINT8', [300, 1]],
    ['UINT8', 'UINT8', 'no bytes'],
    ['UINT8', 'UINT8', Infinity],
    ['INT32', 'INT32', ['1', 1]],
    ['INT32', 'INT32', [2 ** 31, 1]],
    ['INT32', 'INT32', [0.5, 1]],
    ['INT32', 'INT32', [NaN, 1]],
    ['INT64', 'INT64', ['9223372036854775808', 1]],
    ['INT64', 'INT64', [0.5, 1]],
    ['FLOAT', 'FP32', ['much', 1]],
    ['FLOAT', 'FP32', [1e300, 1]],
    ['FLOAT', 'FP32', [null, 1]],
    ['FLOAT', 'FP32', [1]],
    ['STRING', 'BYTES', [{}, '']],
    ['BOOL', 'BOOL', [2, true]],
    ['BOOL', 'BOOL', ['true', true]],
  ])('of %s as %s has no answer %j', async (type, datatype, y) => {
    const { infer } = await copying([type, ['rows', 2]], { change: () => ({ y }) });
    const [one] = datatype === 'BYTES' ? [''] : datatype === 'BOOL' ? [true] : [1];
    const { status, body } = await infer(datatype, [1, 2], [one, one]);
    expect([status, body]).toEqual([500, { error: 'Internal server error' }]);
  });

  it.each([
    ['FP16', 65_519, 65_520],
    ['BF16', 3.389e38, 3.4e38],
  ] as const)('of %s has no number that would be infinite', (datatype, fits, overflows) => {
    const { write } = typeOfDatatype(datatype);
    expect(write(fits)).toBe(fits);
    expect(write(overflows)).toBeUndefined();
    expect(write('Infinity')).toBe(Infinity);
  });

  it('has answers of the sizes that inputs have by the same names', async () => {
    const { told, infer } = await copying(['FLOAT', ['rows', 'height', 'width']]);
    expect(await told()).toEqual([{ name: 'y', datatype: 'FP32', shape: [-1, -1, -1] }]);
    const cases: [number[], number[]][] = [[[2, 1, 2], [1, 2, 3, 4]], [[1, 2, 0], []], [[0, 2, 3], []]]; // prettier-ignore
    for (const [shape, data] of cases) {
      const { body } = await infer('FP32', shape, data);
      expect(body.outputs).toEqual([{ name: 'y', datatype: 'FP32', shape, data }]);
    }
  });

  it('has no answers whose sizes the inputs of a request do not tell', async () => {
    const inputs: Record<string, Value> = {
      x: ['FLOAT', ['rows', 'height', 'width']],
      z: ['FLOAT', ['rows', 'height']],
      w: ['FLOAT', ['rows', 'depth']],
    };
    const nodes = [['Identity', ['x'], ['y']]] as const;
    const model = new OnnxModel(
      writeGraph(directory, { inputs, outputs: { y: inputs.x! }, nodes }),
    );
    @ModelEndpoint('/either', undefined, { name: 'either' })
    class Either {
      readonly model = model;
      predict({ x, z, w }: Record<string, unknown>) {
        return { y: [x ?? z ?? w].flat(2) };
      }
    }
    const { post } = await startApp('express', {
      controllers: [Either],
      providers: [{ provide: OnnxModel, useValue: model }],
      imports: [OpenInferenceModule.forRoot()],
    });
    const infer = (shapes: Record<string, number[]>) =>
      post('/v2/models/either/infer', {
        inputs: Object.entries(shapes).map(([name, shape]) => ({
          name,
          datatype: 'FP32',
          shape,
          data: Array.from({ length: shape.reduce((product, size) => product * size, 1) }, () => 1),
        })),
      });
    const shaped = async (shapes: Record<string, number[]>) =>
      (await infer(shapes)).body.outputs[0].shape;
    expect(await shaped({ x: [1, 2, 3], z: [1, 2] })).toEqual([1, 2, 3]);
    expect(await shaped({ z: [1, 2] })).toEqual([1, 2, 1]);
    // What two inputs tell in two ways neither does.
    expect(await shaped({ x: [1, 2, 3], z: [1, 6] })).toEqual([1, 2, 3]);
    const { status, body } = await infer({ w: [1, 2] });
    expect([status, body.error]).toEqual([
      400,
      expect.stringContaining('expected those that tell height and width of the output y'),
    ]);
  });

  it('has flat lists or text for answers whose sizes nobody tells', async () => {
    const x: Value = ['FLOAT', ['rows', 'height', 'width']];
    const y: Value = ['FLOAT', ['rows', 'length', 'breadth']];
    const bare = await copying(x, { y });
    expect(await bare.told()).toEqual([{ name: 'response', datatype: 'BYTES', shape: [-1] }]);
    const texts = (await bare.infer('FP32', [2, 1, 2], [1, 2, 3, 4])).body.outputs[0].data;
    expect(texts).toEqual(['{"y":[1,2]}', '{"y":[3,4]}']);
    const described = await copying(x, {
      y,
      response: 'message Response { repeated float y = 1; }',
    });
    const { body } = await described.infer('FP32', [2, 1, 2], [1, 2, 3, 4]);
    expect(body.outputs).toEqual([
      { name: 'y', datatype: 'FP32', shape: [2, 2], data: [1, 2, 3, 4] },
    ]);
  });
});

describe('Tensors by option', () => {
  const matrix = (shape: readonly number[], side: 'inputs' | 'outputs' = 'inputs') => {
    @ModelEndpoint(
      '/m',
      schema(
        'message Request { repeated float image = 1; int32 n = 2; } message Response { repeated float image = 1; }',
      ),
      { name: 'm', openInference: { [side]: { image: { shape } } } },
    )
    class Matrix {
      predict({ image = [] }: { image?: number[] }) {
        return { image };
      }
    }
    return { controllers: [Matrix], imports: [OpenInferenceModule.forRoot()] };
  };

  it('are matrices, flat to the handler', async () => {
    const { get, post } = await startApp('express', matrix([-1, 2, 2]));
    expect((await get('/v2/models/m')).body.inputs[0].shape).toEqual([-1, 2, 2]);
    const image = (shape: number[], data: unknown) => ({
      inputs: [{ name: 'image', datatype: 'FP32', shape, data }],
    });
    const { body } = await post(
      '/v2/models/m/infer',
      image([2, 2, 2], [[[1, 2], [3, 4]], [[5, 6], [7, 8]]]), // prettier-ignore
    );
    expect(body.outputs).toEqual([
      { name: 'image', datatype: 'FP32', shape: [2, 4], data: [1, 2, 3, 4, 5, 6, 7, 8] },
    ]);
    expect((await post('/v2/models/m/infer', image([2, 4], [1, 2, 3, 4, 5, 6, 7, 8]))).status).toBe(
      400,
    );
  });

  it('may be matrices of answers', async () => {
    const { post } = await startApp('express', matrix([2, -1], 'outputs'));
    const answer = await post('/v2/models/m/infer', {
      inputs: [{ name: 'image', datatype: 'FP32', shape: [1, 6], data: [1, 2, 3, 4, 5, 6] }],
    });
    expect(answer.body.outputs[0].shape).toEqual([1, 2, 3]);
  });

  it.each([
    [{ inputs: { image: { shape: [-1, 0] } } }, /Matrix: expected openInference\.inputs\.image\.shape to be a list of dimensions/],
    [{ inputs: { picture: { shape: [-1, 2] } } }, /expected openInference\.inputs to be among its fields image, n, got 'picture'/],
    [{ inputs: { n: { shape: [-1, 2] } } }, /expected openInference\.inputs\.n\.shape to be left out, or \[-1\]/],
    [{ outputs: { list: { shape: [-1, -1, -1] } } }, /expected openInference\.outputs\.list\.shape to be a list with at most one -1 behind its first dimension/],
    [{ inputs: { image: 3 } }, /expected openInference\.inputs\.image\.shape/],
    [{ input: {} }, /expected options to be among inputs, outputs, got the unknown option "input"/],
    [3, /expected openInference to be an object/],
  ])('stop the app where they do not fit: %j', async (openInference, message) => {
    @ModelEndpoint(
      '/m',
      schema('message Request { repeated float image = 1; int32 n = 2; } message Response { repeated float list = 1; }'),
      { openInference } as object,
    )
    class Matrix {
      predict() {
        return {};
      }
    }
    const app = { controllers: [Matrix], imports: [OpenInferenceModule.forRoot()] };
    await expect(startApp('express', app)).rejects.toThrow(message);
  }); // prettier-ignore

  it('need names of their own', async () => {
    @ModelEndpoint('/one', undefined, { name: 'm' })
    class One {
      predict() {}
    }
    @ModelEndpoint('/two', undefined, { name: 'm' })
    class Two {
      predict() {}
    }
    const app = { controllers: [One, Two], imports: [OpenInferenceModule.forRoot()] };
    await expect(startApp('fastify', app)).rejects.toThrow(
      'Two: expected a name and a version of its own, got those of One: m',
    );
  });

  it('belong to the one model that MODEL_NAME names', async () => {
    vi.stubEnv('MODEL_NAME', 'given');
    try {
      const { get } = await startApp('express', matrix([-1, 4]));
      expect((await get('/v2/models')).body).toEqual({ models: ['given'] });
      expect((await get('/v2/models/given/ready')).body).toEqual({ name: 'given', ready: true });
    } finally {
      vi.unstubAllEnvs();
    }
  });

  it('have their own names where there are two, or MODEL_NAME is empty', async () => {
    @ModelEndpoint('/one', undefined, { name: 'one' })
    class One {
      predict() {}
    }
    @ModelEndpoint('/two', undefined, { name: 'two' })
    class Two {
      predict() {}
    }
    const named = async (value: string, controllers: (typeof One)[]) => {
      vi.stubEnv('MODEL_NAME', value);
      try {
        const app = { controllers, imports: [OpenInferenceModule.forRoot()] };
        return (await (await startApp('fastify', app)).get('/v2/models')).body.models;
      } finally {
        vi.unstubAllEnvs();
      }
    };
    expect(await named('given', [One, Two])).toEqual(['one', 'two']);
    expect(await named('', [One])).toEqual(['one']);
  });

  it.each([[{ prefix: 'v2' }], [{ prefix: '/v2/' }], [{ serverName: '' }], [{ name: 'x' }]])(
    'and options that make no sense stop the app: %j',
    async (options) => {
      const app = { imports: [OpenInferenceModule.forRoot(options as object)] };
      await expect(createApp('express', app)).rejects.toThrow(/^OpenInferenceModule: expected/);
    },
  );
});
