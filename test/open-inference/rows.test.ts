import {
  BadRequestException,
  Catch,
  Injectable,
  Scope,
  UseFilters,
  UseGuards,
  UseInterceptors,
  UsePipes,
  type CallHandler,
  type CanActivate,
  type ExceptionFilter,
  type ExecutionContext,
  type NestInterceptor,
  type PipeTransform,
} from '@nestjs/common';
import {
  InvalidRequest,
  ModelEndpoint,
  protobufSchema,
  type PredictContext,
} from 'nestjs-model-serving';
import { OpenInferenceModule } from 'nestjs-model-serving/open-inference';
import { EMPTY, map, of } from 'rxjs';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { ADAPTERS, startApp, type RunningApp } from '../serving-app.js';
import { stopClock } from '../stopped-clock.js';

const schema = protobufSchema({
  file: 'a.proto',
  files: {
    'a.proto': `syntax = "proto3";
      message Request { int32 x = 1; repeated float list = 2; }
      message Response { int32 y = 1; repeated float list = 2; }`,
  },
});

type Input = { x?: number; list?: number[] };

let ran: unknown[] = [];
let guarded = 0;
let asked: unknown[] = [];
let open: (() => void)[] = [];
let aborted = 0;
let reasons: unknown[] = [];
const openAll = () => open.splice(0).forEach((resolve) => resolve());
beforeEach(() => {
  ran = [];
  guarded = aborted = 0;
  open = [];
  reasons = [];
});

@Injectable()
class Guard implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    guarded++;
    const { headers, body } = context.switchToHttp().getRequest();
    asked = body.inputs.map(({ name, shape }: { name: string; shape: number[] }) => [name, shape]);
    return headers['x-let-in'] !== 'no';
  }
}

@Injectable()
class Tenfold implements NestInterceptor {
  intercept(context: ExecutionContext, next: CallHandler) {
    const how = context.switchToHttp().getRequest().headers['x-replace'];
    if (how === 'all') return of({ y: 5 });
    if (how === 'none') return EMPTY;
    return next.handle().pipe(
      map((answer: { y: number }) => {
        if (how === 'wrong') return { y: 'no number' };
        return { ...answer, y: answer.y * 10 };
      }),
    );
  }
}

class AddOne implements PipeTransform {
  async transform(value: Input, { type }: { type: string }): Promise<unknown> {
    if (type !== 'body') return value;
    await new Promise(setImmediate);
    return { ...value, x: (value.x ?? 0) + 1 };
  }
}

class OutOfPaper extends Error {}
@Catch(OutOfPaper)
class Filter implements ExceptionFilter {
  catch(): unknown {
    return new BadRequestException('Out of paper');
  }
}

@ModelEndpoint('/gated', schema, { name: 'gated', maxConcurrency: 2 })
@UseGuards(Guard)
@UseInterceptors(Tenfold)
@UsePipes(AddOne)
@UseFilters(Filter)
class Gated {
  predict({ x = 0 }: Input) {
    ran.push(x);
    if (x === 100) throw new OutOfPaper();
    if (x === 101) throw new InvalidRequest('Too much');
    if (x === 102) throw new Error('secret');
    return { y: x };
  }
}

@Injectable({ scope: Scope.REQUEST })
class PerRequest {
  readonly token = {};
}
@ModelEndpoint('/scoped', schema, { name: 'scoped' })
class Scoped {
  constructor(readonly perRequest: PerRequest) {}
  predict({ x = 0 }: Input) {
    ran.push(this.perRequest.token);
    return { y: x };
  }
}

@ModelEndpoint('/batched', schema, { name: 'batched', batch: { maxSize: 4 }, maxQueue: 4 })
class Batched {
  async predict(inputs: Input[], contexts: PredictContext[]) {
    ran.push(inputs.map(({ x = 0 }) => x));
    for (const { signal } of contexts) {
      signal.addEventListener('abort', () => {
        aborted++;
        reasons.push(signal.reason);
      });
    }
    if (inputs.some(({ x }) => x === 7)) await new Promise<void>((done) => open.push(done));
    return inputs.map(({ x = 0, list = [] }) =>
      x === 8 ? new InvalidRequest('Not an 8') : { y: 2 * x, list },
    );
  }
}

@ModelEndpoint('/cached', schema, { name: 'cached', cache: true, maxConcurrency: 1, maxQueue: 3 })
class Cached {
  async predict({ x = 0 }: Input) {
    ran.push(x);
    if (x === 7) await new Promise<void>((done) => open.push(done));
    return { y: x };
  }
}

const parts = {
  controllers: [Gated, Scoped, Batched, Cached],
  providers: [PerRequest],
  imports: [OpenInferenceModule.forRoot()],
};

const rows = (data: unknown[], datatype = 'INT32') => ({
  inputs: [{ name: 'x', datatype, shape: [data.length], data }],
  outputs: [{ name: 'y' }],
});

function infer({ post }: RunningApp, model: string, data: unknown[], headers = {}) {
  return post(`/v2/models/${model}/infer`, rows(data), headers);
}

async function samples({ get }: RunningApp, name: string, endpoint: string): Promise<string[]> {
  const { body } = await get('/__metrics');
  return (body as string)
    .split('\n')
    .filter((line) => line.startsWith(name) && line.includes(`endpoint="${endpoint}"`));
}

describe.each(ADAPTERS)('The rows of a request on %s', (adapter) => {
  it('pass guards and interceptors once, pipes each', async () => {
    const app = await startApp(adapter, parts);
    const { status, body } = await infer(app, 'gated', [1, 2, 3, 4, 5]);
    expect([status, body.error]).toEqual([200, undefined]);
    expect(body.outputs[0].data).toEqual([20, 30, 40, 50, 60]);
    expect(ran).toEqual([2, 3, 4, 5, 6]);
    expect(guarded).toBe(1);
    expect(asked).toEqual([['x', [5]]]);
    const refused = await infer(app, 'gated', [1, 2], { 'x-let-in': 'no' });
    expect([refused.status, ran.length]).toEqual([403, 5]);
    // Also where there is something wrong that only who is let in may know of.
    const one = { name: 'x', datatype: 'INT32', shape: [1], data: [1] };
    const head = { 'x-let-in': 'no' };
    for (const flawed of [{ name: 'z' }, { data: ['a'] }, { shape: [-1] }, { datatype: 'X' }]) {
      const request = { inputs: [{ ...one, ...flawed }] };
      expect((await app.post('/v2/models/gated/infer', request, head)).status).toBe(403);
      expect((await app.post('/v2/models/gated/infer', request)).status).toBe(400);
    }
    const wrong = await infer(app, 'gated', [1, 2], { 'x-replace': 'wrong' });
    expect([wrong.status, wrong.body]).toEqual([500, { error: 'Internal server error' }]);
  });

  it('are each to have an answer where an interceptor gives them itself', async () => {
    const app = await startApp(adapter, parts);
    const ask = async (how: string, data: unknown[]) => {
      const { status, body } = await infer(app, 'gated', data, { 'x-replace': how });
      return [status, body.outputs?.[0]?.data ?? body.error];
    };
    expect(await ask('all', [1])).toEqual([200, [5]]);
    expect(await ask('all', [1, 2])).toEqual([500, 'Internal server error']);
    expect(await ask('none', [1])).toEqual([500, 'Internal server error']);
    expect(await ask('all', ['one'])).toEqual([400, expect.stringContaining('inputs[0].data[0]')]);
    expect(ran).toEqual([]);
  });

  it('name the one that has failed, and a filter may see it first', async () => {
    const app = await startApp(adapter, parts);
    const of = async (data: unknown[]) => {
      const { status, body } = await infer(app, 'gated', data);
      return [status, body.error];
    };
    expect(await of([1, 100])).toEqual([400, 'inputs[0] row 1: Too much']);
    expect(await of([1, 2, 99])).toEqual([400, 'Out of paper']);
    expect(await of([101])).toEqual([500, 'Internal server error']);
    const list = [{ name: 'list', datatype: 'FP32', shape: [2, 2], data: [[1, 2], [3, 4]] }]; // prettier-ignore
    const tooFew = await app.post('/v2/models/batched/infer', {
      inputs: [...list, { name: 'x', datatype: 'INT32', shape: [3], data: [1, 2, 3] }],
    });
    expect(tooFew.body.error).toBe(
      'Invalid request at inputs[1].shape: expected 2 rows, as inputs[0] has, got 3',
    );
  });

  it('are those of one request-scoped class', async () => {
    const app = await startApp(adapter, parts);
    const { body } = await infer(app, 'scoped', [1, 2]);
    expect(body.outputs[0].data).toEqual([1, 2]);
    expect(ran).toHaveLength(2);
    expect(ran[0]).toBe(ran[1]);
    await infer(app, 'scoped', [1]);
    expect(ran[2]).not.toBe(ran[0]);
  });

  it('are packed into batches, counted as one request of so many items', async () => {
    const app = await startApp(adapter, parts);
    const before = await samples(app, 'model_serving_batch_size_sum', '/batched');
    const sumOf = (lines: string[]) => Number(lines[0]?.split(' ').pop() ?? 0);
    const { body } = await infer(app, 'batched', [1, 2, 3, 4, 5, 6]);
    expect(body.outputs[0].data).toEqual([2, 4, 6, 8, 10, 12]);
    expect(ran).toEqual([[1, 2, 3, 4], [5, 6]]); // prettier-ignore
    await vi.waitFor(async () => {
      const after = await samples(app, 'model_serving_batch_size_sum', '/batched');
      expect(sumOf(after) - sumOf(before)).toBe(6);
    });
    const counted = await samples(app, 'model_serving_in_flight', '/batched');
    expect(counted[0]).toMatch(/ 0$/);
  });

  it('are admitted all or none', async () => {
    const app = await startApp(adapter, parts);
    const tooMany = await infer(app, 'batched', [1, 2, 3, 4, 5, 6, 7, 8, 9]);
    expect([tooMany.status, tooMany.body.error]).toEqual([
      413,
      'Expected at most 8 inputs in a request, got 9',
    ]);
    const held = infer(app, 'batched', [7]);
    await vi.waitFor(() => expect(open).toHaveLength(1));
    const refused = await infer(app, 'batched', [1, 2, 3, 4, 5]);
    expect(refused.status).toBe(429);
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
    const waiting = infer(app, 'batched', [1, 2, 3, 4]);
    await vi.waitFor(async () => {
      const [depth] = await samples(app, 'model_serving_queue_depth', '/batched');
      expect(depth).toMatch(/ 4$/);
    });
    openAll();
    expect((await held).status).toBe(200);
    expect((await waiting).body.outputs[0].data).toEqual([2, 4, 6, 8]);
    expect(ran).toEqual([[7], [1, 2, 3, 4]]);
  });

  it('cancel one another where one fails', async () => {
    const app = await startApp(adapter, parts);
    const answer = infer(app, 'batched', [1, 2, 3, 7, 8]);
    await vi.waitFor(() => expect(open).toHaveLength(1));
    // The second batch waits for the first.
    openAll();
    expect((await answer).body.error).toBe('inputs[0] row 4: Not an 8');
    const two = infer(app, 'batched', [8, 7]);
    await vi.waitFor(() => expect(open).toHaveLength(1));
    openAll();
    expect((await two).status).toBe(400);
  });

  it('share the cache, each for itself', async () => {
    const app = await startApp(adapter, parts);
    expect((await infer(app, 'cached', [1, 2, 1])).body.outputs[0].data).toEqual([1, 2, 1]);
    expect(ran).toEqual([1, 2]);
    expect((await infer(app, 'cached', [2, 3, 1])).body.outputs[0].data).toEqual([2, 3, 1]);
    expect(ran).toEqual([1, 2, 3]);
    expect((await app.post('/cached', { x: 3 })).headers.get('x-cache')).toBe('HIT');
    const renewed = await infer(app, 'cached', [4, 4, 1], { 'cache-control': 'no-cache' });
    expect([renewed.status, renewed.body.outputs?.[0].data]).toEqual([200, [4, 4, 1]]);
    // What another request waits for goes on, whatever becomes of the rows beside it.
    const shared = infer(app, 'cached', [7, 5]);
    await vi.waitFor(() => expect(open).toHaveLength(1));
    const bad = await app.post('/v2/models/cached/infer', {
      inputs: [
        { name: 'x', datatype: 'INT32', shape: [2], data: [7, 9] },
        { name: 'list', datatype: 'FP32', shape: [2, 1], data: [[1], [2]] },
      ],
      parameters: { timeout: 1000 },
    });
    expect(bad.status).toBe(504);
    openAll();
    expect((await shared).body.outputs[0].data).toEqual([7, 5]);
  });

  it('may be none', async () => {
    const app = await startApp(adapter, parts);
    const { status, body } = await infer(app, 'batched', []);
    expect([status, body.outputs]).toEqual([
      200,
      [{ name: 'y', datatype: 'INT32', shape: [0], data: [] }],
    ]);
  });

  it('that run at the deadline hear of it, all at once', async () => {
    const app = await startApp(adapter, parts);
    const clock = stopClock();
    const parameters = { timeout: 20_000_000 };
    const answer = app.post('/v2/models/batched/infer', { ...rows([7, 1]), parameters });
    await vi.waitFor(() => expect(open).toHaveLength(1));
    expect(aborted).toBe(0);
    clock.advance(20_000);
    const reason = expect.objectContaining({ failure: 'DeadlineExceeded' });
    expect(reasons).toEqual([reason, reason]);
    expect((await answer).status).toBe(504);
    openAll();
  });

  it('are given up with their client, and at the deadline that it sets in microseconds', async () => {
    const app = await startApp(adapter, parts);
    const late = await app.post('/v2/models/batched/infer', {
      ...rows([7]),
      parameters: { timeout: 2000 },
    });
    expect(late.status).toBe(504);
    openAll();
    expect(
      (await app.post('/v2/models/batched/infer', { ...rows([1]), parameters: { timeout: -1 } }))
        .body.error,
    ).toMatch(/^Invalid request at parameters\.timeout: expected a whole number of microseconds/);
    for (const timeout of [0, 2 ** 60, 2 ** 64]) {
      const far = await app.post('/v2/models/batched/infer', {
        ...rows([1]),
        parameters: { timeout },
      });
      expect([far.status, timeout]).toEqual([200, timeout]);
    }
    const before = aborted;
    const controller = new AbortController();
    const gone = fetch(`${app.url}/v2/models/batched/infer`, {
      method: 'POST',
      body: JSON.stringify(rows([7, 1])),
      signal: controller.signal,
    }).catch(() => 'gone');
    await vi.waitFor(() => expect(open).toHaveLength(1));
    controller.abort();
    expect(await gone).toBe('gone');
    await vi.waitFor(() => expect(aborted - before).toBe(2));
    openAll();
  });
});
