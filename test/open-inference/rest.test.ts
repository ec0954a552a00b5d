import { gzipSync } from 'node:zlib';
import { Controller, VersioningType } from '@nestjs/common';
import { ModelEndpoint, protobufSchema } from 'nestjs-model-serving';
import { OpenInferenceModule } from 'nestjs-model-serving/open-inference';
import { describe, expect, it } from 'vitest';
import { ADAPTERS, startApp, type AppUnderTest } from '../serving-app.js';

const schema = (text: string) =>
  protobufSchema({ file: 'a.proto', files: { 'a.proto': `syntax = "proto3"; ${text}` } });

/** Triton's own example model. */
@ModelEndpoint(
  '/simple',
  schema(`
    message Request { repeated int32 INPUT0 = 1; repeated int32 INPUT1 = 2; }
    message Response { repeated int32 OUTPUT0 = 1; repeated int32 OUTPUT1 = 2; }`),
  { name: 'simple', version: '1' },
)
class Simple {
  predict({ INPUT0 = [], INPUT1 = [] }: { INPUT0?: number[]; INPUT1?: number[] }) {
    return {
      OUTPUT0: INPUT0.map((x, i) => x + INPUT1[i]!),
      OUTPUT1: INPUT0.map((x, i) => x - INPUT1[i]!),
    };
  }
}

const KINDS = ['double', 'float', 'int32', 'uint64', 'int64', 'bool', 'string', 'bytes', 'Colour'];
const KINDS_MESSAGE = KINDS.map((kind, i) => `${kind} a_${kind.toLowerCase()} = ${i + 1};`).join(
  '',
);

/** Says back what it is told. */
@ModelEndpoint(
  '/echo',
  schema(`
    import "google/protobuf/wrappers.proto";
    enum Colour { NONE = 0; RED = 1; }
    message Request { ${KINDS_MESSAGE} google.protobuf.Int64Value wrapped = 20; optional string maybe = 21; repeated string words = 22; }
    message Response { ${KINDS_MESSAGE} google.protobuf.Int64Value wrapped = 20; optional string maybe = 21; repeated string words = 22; }`),
  { name: 'echo model/ü' },
)
class Echo {
  predict(input: object) {
    return input;
  }
}

@ModelEndpoint('/free', undefined, { name: 'free' })
class Free {
  predict(input: any) {
    return { got: input };
  }
}

/** Its fields are called what every object has. */
@ModelEndpoint(
  '/common',
  schema(`
    message Request { int32 x = 1; }
    message Response { string constructor = 1; int64 to_string = 2; repeated bool value_of = 3; int32 x = 4; }`),
  { name: 'common' },
)
class Common {
  predict(input: object) {
    return input;
  }
}

const parts: AppUnderTest = {
  controllers: [Simple, Echo, Free, Common],
  imports: [OpenInferenceModule.forRoot({ serverName: 'triton' })],
  setUp: (app) => void app.setGlobalPrefix('api').enableVersioning(),
};

const SIXTEEN = Array.from({ length: 16 }, (_, i) => i);
const ONES = SIXTEEN.map(() => 1);
const int32 = (name: string, data: unknown, shape = [1, 16]) => ({
  name,
  datatype: 'INT32',
  shape,
  data,
});
const simple = { inputs: [int32('INPUT0', SIXTEEN), int32('INPUT1', [ONES])] };

describe.each(ADAPTERS)('Open Inference by HTTP on %s', (adapter) => {
  it('answers tensors in JSON, in the order asked for', async () => {
    const app = await startApp(adapter, parts);
    const sum = { name: 'OUTPUT0', datatype: 'INT32', shape: [1, 16] };
    expect((await app.post('/v2/models/simple/infer', { ...simple, id: '42' })).body).toEqual({
      model_name: 'simple',
      model_version: '1',
      id: '42',
      outputs: [
        { ...sum, data: SIXTEEN.map((x) => x + 1) },
        { ...sum, name: 'OUTPUT1', data: SIXTEEN.map((x) => x - 1) },
      ],
    });
    const outputs = [{ name: 'OUTPUT1' }, { name: 'OUTPUT0' }];
    const asked = await app.post('/v2/models/simple/versions/1/infer', { ...simple, outputs });
    expect(asked.body.outputs.map(({ name }: { name: string }) => name)).toEqual([
      'OUTPUT1',
      'OUTPUT0',
    ]);
    const unknown = await app.post('/v2/models/simple/infer', {
      ...simple,
      outputs: [{ name: 'OUTPUT9' }],
    });
    expect([unknown.status, unknown.body]).toEqual([
      400,
      {
        error:
          'Invalid request at outputs[0].name: expected one of OUTPUT0, OUTPUT1, got "OUTPUT9"',
      },
    ]);
    const classified = (classification: number) =>
      app.post('/v2/models/simple/infer', {
        ...simple,
        outputs: [{ name: 'OUTPUT0' }, { name: 'OUTPUT1', parameters: { classification } }],
      });
    expect((await classified(0)).status).toBe(200);
    expect((await classified(3)).body).toEqual({
      error:
        'Invalid request at outputs[1].parameters.classification: expected none, as outputs are given as they are, got 3',
    });
    const parameters = { shared_memory_region: 'out', shared_memory_byte_size: 64 };
    const shared = await app.post('/v2/models/simple/infer', {
      ...simple,
      outputs: [{ name: 'OUTPUT0', parameters }],
    });
    expect(shared.body).toEqual({
      error:
        'Invalid request at outputs[0].parameters.shared_memory_region: expected none, as outputs are given as they are, got "out"',
    });
  });

  it('tells of itself and of its models', async () => {
    const { get } = await startApp(adapter, parts);
    const told = async (path: string) => {
      const { status, body } = await get(path);
      return [status, body];
    };
    expect(await told('/v2')).toEqual([
      200,
      {
        name: 'triton',
        version: expect.any(String),
        extensions: expect.arrayContaining(['binary_tensor_data', 'statistics']),
      },
    ]);
    expect(await told('/v2/health/live')).toEqual([200, { live: true }]);
    expect(await told('/v2/health/ready')).toEqual([200, { ready: true }]);
    const models = ['simple', 'echo model/ü', 'free', 'common'];
    expect(await told('/v2/models')).toEqual([200, { models }]);
    expect(await told('/v2/models/simple')).toEqual([
      200,
      {
        name: 'simple',
        versions: ['1'],
        platform: 'nestjs-model-serving',
        inputs: [
          { name: 'INPUT0', datatype: 'INT32', shape: [-1, -1] },
          { name: 'INPUT1', datatype: 'INT32', shape: [-1, -1] },
        ],
        outputs: [
          { name: 'OUTPUT0', datatype: 'INT32', shape: [-1, -1] },
          { name: 'OUTPUT1', datatype: 'INT32', shape: [-1, -1] },
        ],
      },
    ]);
    expect(await told('/v2/models/free')).toEqual([
      200,
      expect.objectContaining({
        versions: [],
        inputs: [{ name: 'request', datatype: 'BYTES', shape: [-1] }],
        outputs: [{ name: 'response', datatype: 'BYTES', shape: [-1] }],
      }),
    ]);
    const name = encodeURIComponent('echo model/ü');
    expect(await told(`/v2/models/${name}/ready`)).toEqual([
      200,
      { name: 'echo model/ü', ready: true },
    ]);
    expect(await told('/v2/models/simple/versions/1/ready')).toEqual([
      200,
      { name: 'simple', ready: true },
    ]);
    expect(await told('/v2/models/simple/versions/2')).toEqual([
      404,
      { error: 'There is no model "simple" of version "2"' },
    ]);
    expect(await told('/v2/models/other/ready')).toEqual([
      404,
      { error: 'There is no model "other"' },
    ]);
    expect((await told('/v2/models/simple/infer'))[0]).toBe(405);
    expect((await told('/v2/nothing'))[0]).toBe(404);
    expect((await told('/v2/models/simple/nothing'))[0]).toBe(404);
  });

  it('has an index of what it holds, and loads and unloads nothing', async () => {
    const { post, get } = await startApp(adapter, parts);
    expect((await post('/v2/repository/index')).body).toEqual([
      { name: 'simple', version: '1', state: 'READY', reason: '' },
      { name: 'echo model/ü', version: '', state: 'READY', reason: '' },
      { name: 'free', version: '', state: 'READY', reason: '' },
      { name: 'common', version: '', state: 'READY', reason: '' },
    ]);
    expect((await post('/v2/repository/models/simple/load', {})).status).toBe(501);
    expect((await post('/v2/repository/models/simple/unload', {})).status).toBe(501);
    await post('/v2/models/simple/infer', simple);
    const { body } = await get('/v2/models/simple/stats');
    expect(body.model_stats).toMatchObject([
      {
        name: 'simple',
        version: '1',
        inference_count: 1,
        execution_count: 1,
        inference_stats: { success: { count: 1 }, fail: { count: 0 }, compute_infer: { count: 1 } },
        batch_stats: [{ batch_size: 1, compute_infer: { count: 1 } }],
      },
    ]);
    expect((await get('/v2/models/stats')).body.model_stats).toHaveLength(4);
  });

  it('counts inferences that have not failed, and their runs', async () => {
    function check({ fails }: { fails: boolean }) {
      if (fails) throw new Error('It fails');
      return {};
    }
    @ModelEndpoint('/single', undefined, { name: 'single' })
    class Single {
      predict(input: { fails: boolean }) {
        return check(input);
      }
    }
    @ModelEndpoint('/batched', undefined, { name: 'batched', batch: { maxSize: 8, maxDelay: 0 } })
    class Batched {
      predict(inputs: { fails: boolean }[]) {
        return inputs.map(check);
      }
    }
    const { post, get } = await startApp(adapter, { ...parts, controllers: [Single, Batched] });
    for (const [name, runs] of Object.entries({ single: 2, batched: 1 })) {
      const ask = (...data: string[]) =>
        post(`/v2/models/${name}/infer`, {
          inputs: [{ name: 'request', datatype: 'BYTES', shape: [data.length], data }],
        });
      expect((await ask('{"fails":true}')).status).toBe(500);
      expect((await ask('{"fails":false}', '{"fails":false}')).status).toBe(200);
      const [statistics] = (await get(`/v2/models/${name}/stats`)).body.model_stats;
      expect(statistics).toMatchObject({
        inference_count: 2,
        execution_count: runs,
        inference_stats: {
          success: { count: 1 },
          fail: { count: 1 },
          compute_infer: { count: runs + 1 },
        },
      });
    }
  });

  it('counts apart what answers one route by versions', async () => {
    const controllers = ['1', '2'].map((version) => {
      @Controller({ version })
      class OfVersion {
        @ModelEndpoint('/shared', undefined, { name: 'shared', version })
        predict() {
          return {};
        }
      }
      return OfVersion;
    });
    const { post, get } = await startApp(adapter, {
      ...parts,
      controllers,
      setUp: (app) => app.enableVersioning({ type: VersioningType.HEADER, header: 'x-v' }),
    });
    await post('/v2/models/shared/versions/2/infer', {
      inputs: [{ name: 'request', datatype: 'BYTES', shape: [2], data: ['{}', '{}'] }],
    });
    const { model_stats: statistics } = (await get('/v2/models/stats')).body;
    expect(statistics).toMatchObject([
      { version: '1', inference_count: 0 },
      { version: '2', inference_count: 2 },
    ]);
  });

  it('gives every kind of field a tensor, and each its rows', async () => {
    const { post } = await startApp(adapter, parts);
    const inputs = [
      { name: 'a_double', datatype: 'FP64', shape: [2], data: [0.5, 2] },
      { name: 'aFloat', datatype: 'FP32', shape: [2, 1], data: [[0.5], [2]] },
      { name: 'aInt32', datatype: 'INT32', shape: [2], data: [1, -1] },
      { name: 'aUint64', datatype: 'UINT64', shape: [2], data: [1, 2] },
      { name: 'aInt64', datatype: 'INT64', shape: [2], data: [-1, 2] },
      { name: 'aBool', datatype: 'BOOL', shape: [2], data: [true, false] },
      { name: 'aString', datatype: 'BYTES', shape: [2], data: ['ä', 'b'] },
      { name: 'aBytes', datatype: 'BYTES', shape: [2], data: ['c', 'd'] },
      { name: 'aColour', datatype: 'BYTES', shape: [2], data: ['RED', 'NONE'] },
      { name: 'wrapped', datatype: 'INT64', shape: [2], data: [7, 8] },
      { name: 'words', datatype: 'BYTES', shape: [2, 2], data: ['a', 'b', 'c', 'd'] },
    ];
    const { status, body } = await post(`/v2/models/${encodeURIComponent('echo model/ü')}/infer`, {
      inputs,
      outputs: inputs.map(({ name }) => ({ name })),
    });
    expect([status, body.error]).toEqual([200, undefined]);
    const flat = inputs.map((input) => ({
      ...input,
      shape: input.name === 'words' ? [2, 2] : [2],
      data: input.data.flat(),
    }));
    expect(body.outputs).toEqual(flat);
  });

  it('gives a field that is absent no value, whatever it is called', async () => {
    const { post } = await startApp(adapter, parts);
    const x = { name: 'x', datatype: 'INT32', shape: [1], data: [1] };
    const { body } = await post('/v2/models/common/infer', { inputs: [x] });
    expect(body.outputs).toEqual([
      { name: 'constructor', datatype: 'BYTES', shape: [1], data: [''] },
      { name: 'toString', datatype: 'INT64', shape: [1], data: [0] },
      { name: 'valueOf', datatype: 'BOOL', shape: [1, 0], data: [] },
      x,
    ]);
  });

  it('takes JSON as text where there is no schema, and names what is wrong in a row', async () => {
    const { post } = await startApp(adapter, parts);
    const request = (data: string[]) => ({
      inputs: [{ name: 'request', datatype: 'BYTES', shape: [data.length], data }],
    });
    const { body } = await post('/v2/models/free/infer', request(['{"x":1}', '{"x":2}']));
    expect(body.outputs).toEqual([
      {
        name: 'response',
        datatype: 'BYTES',
        shape: [2],
        data: ['{"got":{"x":1}}', '{"got":{"x":2}}'],
      },
    ]);
    const bad = await post('/v2/models/free/infer', request(['{"x":1}', '{"x":']));
    expect([bad.status, bad.body.error]).toEqual([
      400,
      expect.stringMatching(/^inputs\[0\] row 1: The body is not valid JSON/),
    ]);
  });

  it('takes what tritonclient sends: bytes, no content type, compressed or not', async () => {
    const { url } = await startApp(adapter, parts);
    const bytes = Buffer.from(new Int32Array(SIXTEEN).buffer);
    const parameters = { binary_data_size: bytes.length };
    const json = JSON.stringify({
      parameters: { binary_data_output: true },
      inputs: ['INPUT0', 'INPUT1'].map((name) => ({
        name,
        datatype: 'INT32',
        shape: [1, 16],
        parameters,
      })),
    });
    const body = Buffer.concat([Buffer.from(json), bytes, bytes]);
    for (const [sent, more] of [
      [body, {}],
      [gzipSync(body), { 'content-encoding': 'gzip' }],
    ] as const) {
      const response = await fetch(`${url}/v2/models/simple/infer`, {
        method: 'POST',
        body: sent,
        headers: {
          connection: 'close',
          'inference-header-content-length': String(json.length),
          ...more,
        },
      });
      expect(response.status).toBe(200);
      expect(response.headers.get('content-type')).toBe('application/octet-stream');
      const answer = Buffer.from(await response.arrayBuffer());
      const length = Number(response.headers.get('inference-header-content-length'));
      const { outputs } = JSON.parse(answer.subarray(0, length).toString());
      expect(outputs[0].parameters).toEqual({ binary_data_size: 64 });
      const sum = new Int32Array(new Uint8Array(answer.subarray(length, length + 64)).buffer);
      expect([...sum]).toEqual(SIXTEEN.map((x) => 2 * x));
    }
  });
});
