import {
  Catch,
  UseFilters,
  type ArgumentsHost,
  type ExceptionFilter,
  type INestApplication,
} from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { ModelEndpoint, ModelServingModule, type PredictContext } from 'nestjs-model-serving';
import { callEndpoint, FailedCall } from 'nestjs-model-serving/testing';
import protobuf from 'protobufjs';
import { register } from 'prom-client';
import { throwError } from 'rxjs';
import { CapturedLog } from '../http/captured-log.js';
import { afterAll, beforeAll, describe, expect, expectTypeOf, it } from 'vitest';

const { root } = protobuf.parse(`
  syntax = "proto3";
  message Request { string text = 1; int32 times = 2; }
  message Response { string text = 1; int32 calls = 2; }
`);

let running = 0;
const aborted: unknown[] = [];

@ModelEndpoint('/tenants/:tenant/repeat', root, { cache: { key: ({ text }) => text } })
class Repeater {
  calls = 0;

  predict({ text, times = 1 }: { text?: string; times?: number }, context: PredictContext) {
    const { params, query, headers } = context;
    const said = [params.tenant, query.loud, headers['x-mood'], (text ?? '').repeat(times)];
    return { text: said.filter((part) => part !== undefined).join(' '), calls: ++this.calls };
  }
}

@ModelEndpoint('/wait')
class Waiter {
  predict(_input: unknown, { signal }: PredictContext) {
    running++;
    return new Promise((_, reject) => {
      signal.addEventListener('abort', () => {
        aborted.push(signal.reason.message);
        reject(signal.reason as Error);
      });
    });
  }
}

class Spilled extends Error {}

@Catch(Spilled)
class Mopper implements ExceptionFilter {
  catch(error: Spilled, host: ArgumentsHost): unknown {
    const response = host.switchToHttp().getResponse();
    const outcomes: Record<string, () => unknown> = {
      throws: () => {
        throw new Mopped('thrown');
      },
      returns: () => new Mopped('returned'),
      rejects: () => throwError(() => new Mopped('rejected')),
      sends: () => response.status(202).json({ mopped: true }),
      forgets: () => undefined,
      'gives a value': () => ({ mopped: true }),
    };
    return outcomes[error.message]!();
  }
}

class Mopped extends Error {}

@ModelEndpoint('/spill')
@UseFilters(Mopper)
class Spiller {
  predict({ filter }: { filter: string }) {
    throw new Spilled(filter);
  }
}

describe('callEndpoint', () => {
  const log = new CapturedLog();
  let app: INestApplication;

  beforeAll(async () => {
    const module = await Test.createTestingModule({
      imports: [ModelServingModule.forRoot()],
      controllers: [Repeater, Waiter, Spiller],
    }).compile();
    app = module.createNestApplication();
    app.useLogger(log);
    app.setGlobalPrefix('v1');
    await app.init();
  });
  afterAll(() => app.close());

  const failure = async (call: Promise<unknown>): Promise<FailedCall> => {
    const error: unknown = await call.catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(FailedCall);
    return error as FailedCall;
  };

  it('gives what a client would read: canonical, and with all that the call was sent with', async () => {
    const answer = await callEndpoint<{ text: string }>(
      app,
      Repeater,
      { text: 'ho', times: '3' },
      { params: { tenant: 'acme' }, query: { loud: 'yes' }, headers: { 'X-Mood': 'merry' } },
    );
    expect(answer).toEqual({ text: 'acme yes merry hohoho', calls: 1 });
    expectTypeOf(answer.text).toBeString();
  });

  it('takes a route as metrics name it, and is counted under it', async () => {
    const route = '/v1/tenants/:tenant/repeat';
    await callEndpoint(app, route, { text: 'counted' });
    await failure(callEndpoint(app, route, { texts: [] }));
    const text = await register.getSingleMetricAsString('model_serving_requests_total');
    expect(text).toMatch(/endpoint="\/v1\/tenants\/:tenant\/repeat",outcome="ok"} [1-9]/);
    expect(text).toMatch(/endpoint="\/v1\/tenants\/:tenant\/repeat",outcome="invalid"} 1/);
  });

  it('answers from the cache', async () => {
    const first = await callEndpoint(app, Repeater, { text: 'again' });
    expect(await callEndpoint(app, Repeater, { text: 'again' })).toEqual(first);
  });

  it.each([
    ['breaks the schema', { text: 1 }, 400, 'INVALID_ARGUMENT', [{ path: '$.text' }]],
    ['is no object', [], 400, 'INVALID_ARGUMENT', undefined],
    ['is nothing', undefined, 400, 'INVALID_ARGUMENT', undefined],
  ])(
    'fails as a client would be told where the input %s',
    async (_, input, status, code, details) => {
      const error = await failure(callEndpoint(app, Repeater, input));
      expect(error).toMatchObject({ status, code, ...(details && { details }) });
      expect(error.message).not.toBe('');
    },
  );

  it('fails with the deadline, and with a client that goes away', async () => {
    const late = await failure(callEndpoint(app, Waiter, {}, { timeout: 1 }));
    expect(late).toMatchObject({ status: 504, code: 'DEADLINE_EXCEEDED' });

    const leaving = new AbortController();
    const before = running;
    const left = failure(callEndpoint(app, Waiter, {}, { signal: leaving.signal }));
    expect(running).toBe(before + 1);
    leaving.abort();
    expect(await left).toMatchObject({ status: 499, code: 'CANCELLED' });
    const gone = AbortSignal.abort();
    expect(await failure(callEndpoint(app, Waiter, {}, { signal: gone }))).toMatchObject({
      status: 499,
    });
    expect(aborted).toContain('The caller went away');
  });

  it.each([
    ['throws', 500, 'Internal server error', 'thrown'],
    ['returns', 500, 'Internal server error', 'returned'],
    ['rejects', 500, 'Internal server error', 'rejected'],
    ['forgets', 500, 'Internal server error', 'forgets'],
    ['gives a value', 500, 'Internal server error', 'gives a value'],
  ])('fails with what a filter %s', async (filter, status, message, cause) => {
    const error = await failure(callEndpoint(app, Spiller, { filter }));
    expect(error).toMatchObject({ status, message, cause: { message: cause } });
  });

  it('says in the log what of a filter is lost', async () => {
    log.lines.length = 0;
    await failure(callEndpoint(app, Spiller, { filter: 'gives a value' }));
    const warnings = log.lines.filter(({ level }) => level === 'warn');
    expect(warnings.map(({ text }) => text).join()).toContain('{ mopped: true }');
  });

  it('gives what a filter sends itself', async () => {
    expect(await callEndpoint(app, Spiller, { filter: 'sends' })).toEqual({ mopped: true });
  });

  it('leaves no call behind', async () => {
    const text = await register.getSingleMetricAsString('model_serving_in_flight');
    expect(text).not.toMatch(/} [1-9]/);
  });

  it('names what there is where there is no such endpoint', async () => {
    await expect(callEndpoint(app, '/repeat', {})).rejects.toThrow(
      /one endpoint of an app after app\.init\(\), such as .*\/v1\/spill.*, got '\/repeat'/,
    );
    await expect(callEndpoint(app, Mopper, {})).rejects.toThrow(/got 'Mopper'/);
    await expect(callEndpoint(app, Waiter, {}, { header: {} } as never)).rejects.toThrow(/header/);
  });
});
