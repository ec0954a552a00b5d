import { Controller, Get } from '@nestjs/common';
import { ModelEndpoint, protobufSchema } from 'nestjs-model-serving';
import { OpenInferenceModule } from 'nestjs-model-serving/open-inference';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { ADAPTERS, startApp } from '../serving-app.js';

const schema = protobufSchema({
  file: 'a.proto',
  files: {
    'a.proto':
      'syntax = "proto3"; message Request { int32 x = 1; } message Response { int32 y = 1; }',
  },
});

let open: (() => void)[] = [];
beforeEach(() => void (open = []));

@ModelEndpoint('/one', schema, {
  name: 'one',
  version: '2',
  stallTimeout: 0,
  maxConcurrency: 1,
  maxQueue: 1,
  bodyLimit: 1000,
})
class One {
  async predict({ x = 0 }: { x?: number }) {
    if (x === 7) await new Promise<void>((done) => open.push(done));
    return { y: x };
  }
}

@ModelEndpoint('/ten', schema, { name: 'one', version: '10' })
class Ten {
  predict({ x = 0 }: { x?: number }) {
    return { y: 10 * x };
  }
}

@ModelEndpoint('/stream', schema, { name: 'stream', stream: true })
class Stream {
  *predict() {
    yield { y: 1 };
  }
}

@Controller('v2')
class OwnController {
  @Get('mine')
  mine() {
    return { mine: true };
  }
}

const parts = {
  controllers: [One, Ten, Stream, OwnController],
  imports: [OpenInferenceModule.forRoot()],
};
const of = (...data: number[]) => ({
  inputs: [{ name: 'x', datatype: 'INT32', shape: [data.length], data }],
});

describe.each(ADAPTERS)('The life of an app on %s', (adapter) => {
  it('shows: models by version, the newest unless another is asked for', async () => {
    const { get, post } = await startApp(adapter, parts);
    expect((await get('/v2/models')).body).toEqual({ models: ['one'] });
    expect((await get('/v2/models/one')).body.versions).toEqual(['2', '10']);
    const newest = await post('/v2/models/one/infer', of(1));
    expect([newest.body.model_version, newest.body.outputs[0].data]).toEqual(['10', [10]]);
    const other = await post('/v2/models/one/versions/2/infer', of(1));
    expect([other.body.model_version, other.body.outputs[0].data]).toEqual(['2', [1]]);
    expect((await get('/v2/models/one/stats')).body.model_stats).toHaveLength(2);
    expect((await get('/v2/models/one/versions/2/stats')).body.model_stats).toHaveLength(1);
    expect((await get('/v2/models/one/config')).body).toMatchObject({
      name: 'one',
      input: [{ name: 'x', data_type: 'TYPE_INT32', dims: [-1] }],
    });
  });

  it('leaves other routes under the prefix to the app', async () => {
    const { get, post } = await startApp(adapter, parts);
    expect((await get('/v2/mine')).body).toEqual({ mine: true });
    expect((await get('/v2/models/one/mine')).status).toBe(404);
    expect((await post('/v2/models', {})).status).toBe(405);
  });

  it('holds bodies to the limit of their endpoint, and refuses what cannot be read', async () => {
    const { post } = await startApp(adapter, parts);
    const path = '/v2/models/one/versions/2/infer';
    const large = { ...of(1), id: 'x'.repeat(1000) };
    const tooLarge = await post(path, large);
    expect([tooLarge.status, tooLarge.body]).toEqual([
      413,
      { error: 'Expected a body of at most 1000 bytes' },
    ]);
    for (const body of ['', 'null', '[]', '{', '{}', '{"inputs":[]}', '{"inputs":[null]}']) {
      const { status, body: told } = await post(path, body);
      expect([status, Object.keys(told)], body).toEqual([400, ['error']]);
    }
    const head = { 'inference-header-content-length': '12x' };
    expect((await post(path, of(1), head)).status).toBe(400);
    const encoded = { 'content-encoding': 'zip' };
    expect((await post(path, of(1), encoded)).status).toBe(415);
    const foreign = { origin: 'https://elsewhere.example', 'content-type': 'text/plain' };
    expect((await post(path, of(1), foreign)).status).toBe(415);
    const { headers } = await post(path, of(1), { 'x-request-id': 'mine' });
    expect(headers.get('x-request-id')).toBe('mine');
  });

  it('is not ready while a model is stalled', async () => {
    const { get, post } = await startApp(adapter, parts);
    const late = await post('/v2/models/one/versions/2/infer', {
      ...of(7),
      parameters: { timeout: 20_000 },
    });
    expect(late.status).toBe(504);
    await vi.waitFor(() => expect(open).toHaveLength(1));
    await vi.waitFor(async () => {
      const { status, body } = await get('/v2/health/ready');
      expect([status, body]).toEqual([503, { error: 'The server is not ready' }]);
    });
    expect((await get('/v2/health/live')).status).toBe(200);
    expect((await get('/v2/models/one/versions/2/ready')).status).toBe(503);
    expect((await get('/v2/models/one/versions/10/ready')).status).toBe(200);
    const { body } = await post('/v2/repository/index', { ready: true });
    expect(body).toEqual([{ name: 'one', version: '10', state: 'READY', reason: '' }]);
    open.splice(0).forEach((resolve) => resolve());
    await vi.waitFor(async () => expect((await get('/v2/health/ready')).status).toBe(200));
  });

  it('ends when what is under way has been answered', async () => {
    const app = await startApp(adapter, parts);
    const answer = app.post('/v2/models/one/versions/2/infer', of(7));
    await vi.waitFor(() => expect(open).toHaveLength(1));
    const closed = app.close();
    open.splice(0).forEach((resolve) => resolve());
    expect((await answer).body.outputs[0].data).toEqual([7]);
    await closed;
  });
});
