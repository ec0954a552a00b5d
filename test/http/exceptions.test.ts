import { BadRequestException, Controller, HttpException, ImATeapotException } from '@nestjs/common';
import { InvalidRequest, ModelEndpoint, ServingError } from 'nestjs-model-serving';
import { describe, expect, it } from 'vitest';
import { ADAPTERS, startApp } from '../serving-app.js';
import { CapturedLog } from './captured-log.js';
import { textSchema } from './text-schema.js';

const CODES: [status: number, code: string][] = [
  [400, 'INVALID_ARGUMENT'],
  [401, 'UNAUTHENTICATED'],
  [402, 'FAILED_PRECONDITION'],
  [403, 'PERMISSION_DENIED'],
  [404, 'NOT_FOUND'],
  [405, 'UNIMPLEMENTED'],
  [406, 'INVALID_ARGUMENT'],
  [409, 'ABORTED'],
  [412, 'FAILED_PRECONDITION'],
  [413, 'RESOURCE_EXHAUSTED'],
  [415, 'UNIMPLEMENTED'],
  [418, 'FAILED_PRECONDITION'],
  [422, 'FAILED_PRECONDITION'],
  [429, 'RESOURCE_EXHAUSTED'],
  [500, 'INTERNAL'],
  [501, 'UNIMPLEMENTED'],
  [502, 'UNKNOWN'],
  [503, 'UNAVAILABLE'],
  [504, 'DEADLINE_EXCEEDED'],
  [507, 'UNKNOWN'],
];

class Hostile {
  get message(): string {
    throw new Error('not even a message');
  }
  toString(): string {
    throw new Error('not even a text');
  }
}

const THROWN: Record<string, () => unknown> = {
  error: () => new Error('the secret'),
  'with cause': () => new Error('outer secret', { cause: new TypeError('the secret') }),
  string: () => 'the secret',
  undefined: () => undefined,
  null: () => null,
  number: () => 5,
  symbol: () => Symbol('the secret'),
  object: () => ({ status: 404, message: 'the secret' }),
  'null object': () => Object.create(null),
  hostile: () => new Hostile(),
  'empty error': () => new Error(),
  internal: () => new ServingError('Internal', 'the secret'),
};

@Controller()
class Throwing {
  @ModelEndpoint('/http')
  http({ status, response }: { status: number; response?: object }): object {
    throw new HttpException(response ?? `status ${status}`, status);
  }

  @ModelEndpoint('/teapot')
  async teapot(): Promise<object> {
    throw new ImATeapotException();
  }

  @ModelEndpoint('/list')
  list(): object {
    throw new BadRequestException(['a is wrong', 'b is wrong']);
  }

  @ModelEndpoint('/invalid')
  invalid(): object {
    throw new InvalidRequest('Missing text', { details: [{ path: '$.text', message: 'needed' }] });
  }

  @ModelEndpoint('/any')
  any({ what }: { what: string }): object {
    throw THROWN[what]!();
  }

  @ModelEndpoint('/any-async')
  async anyAsync({ what }: { what: string }): Promise<object> {
    await Promise.resolve();
    throw THROWN[what]!();
  }

  @ModelEndpoint('/answer', textSchema())
  answer(): object {
    return { text: 'the secret', count: 'NaN' };
  }

  @ModelEndpoint('/cycle')
  cycle(): object {
    const cycle: { self?: object } = {};
    cycle.self = cycle;
    return cycle;
  }

  @ModelEndpoint('/function')
  function() {
    return { n: () => 1 };
  }
}

const headers = { 'x-request-id': 'request-9' };

describe.each(ADAPTERS)('what a handler throws on %s', (adapter) => {
  it('an HttpException keeps its status and message, and gets the nearest code', async () => {
    const app = await startApp(adapter, { controllers: [Throwing] });
    for (const [status, code] of CODES) {
      const answer = await app.post('/http', { status }, headers);
      expect(answer.status).toBe(status);
      expect(answer.headers.get('x-request-id')).toBe('request-9');
      expect(answer.body).toEqual({
        error: status === 500 ? 'Internal server error' : `status ${status}`,
        code,
        requestId: 'request-9',
      });
    }
  });

  it('an HttpException without a text of its own says something', async () => {
    const app = await startApp(adapter, { controllers: [Throwing] });
    const error = async (path: string, body: object) => (await app.post(path, body)).body.error;
    expect(await error('/teapot', {})).toBe("I'm a teapot");
    expect(await error('/list', {})).toBe('a is wrong; b is wrong');
    expect(await error('/http', { status: 409, response: { message: 'own' } })).toBe('own');
    expect(await error('/http', { status: 409, response: { reason: 'x' } })).toBe('Http Exception');
  });

  it('InvalidRequest is a 400 with its message', async () => {
    const app = await startApp(adapter, { controllers: [Throwing] });
    expect(await app.post('/invalid', {}, headers)).toMatchObject({
      status: 400,
      body: {
        error: 'Missing text',
        code: 'INVALID_ARGUMENT',
        requestId: 'request-9',
        details: [{ path: '$.text', message: 'needed' }],
      },
    });
  });

  it.each(Object.keys(THROWN))('anything else (%s) is a 500 that tells nothing', async (what) => {
    const log = new CapturedLog();
    const app = await startApp(adapter, { controllers: [Throwing], setUp: log.attach });
    for (const path of ['/any', '/any-async']) {
      log.lines.length = 0;
      const answer = await app.post(path, { what }, headers);
      expect(answer.status).toBe(500);
      expect(answer.body).toEqual({
        error: 'Internal server error',
        code: 'INTERNAL',
        requestId: 'request-9',
      });
      expect(log.errors).toHaveLength(1);
      expect(log.errors[0]).toContain('[request-9]');
      if (/error|string|symbol|object$/.test(what) && !/empty|null/.test(what)) {
        expect(log.errors[0]).toContain('the secret');
      }
    }
  });

  it('the log has the error, its cause and both stacks', async () => {
    const log = new CapturedLog();
    const app = await startApp(adapter, { controllers: [Throwing], setUp: log.attach });
    await app.post('/any', { what: 'with cause' }, headers);
    expect(log.errors[0]).toMatch(/\[request-9\] .*outer secret/);
    expect(log.errors[0]).toMatch(/TypeError: the secret\n\s+at /);
    expect(log.errors[0]).toMatch(/Error: outer secret\n\s+at /);
    expect(log.errors[0]).toContain('Throwing.any');
  });

  it('an HttpException of status 500 is logged too', async () => {
    const log = new CapturedLog();
    const app = await startApp(adapter, { controllers: [Throwing], setUp: log.attach });
    await app.post('/http', { status: 500 }, headers);
    expect(log.errors[0]).toMatch(/\[request-9\] status 500.*\n\s+at /s);
  });

  it.each(['/answer', '/cycle', '/function'])(
    'an answer that cannot be sent is a 500 (%s)',
    async (path) => {
      const log = new CapturedLog();
      const app = await startApp(adapter, { controllers: [Throwing], setUp: log.attach });
      const answer = await app.post(path, {}, headers);
      expect(answer.status).toBe(500);
      expect(answer.body).toEqual({
        error: 'Internal server error',
        code: 'INTERNAL',
        requestId: 'request-9',
      });
      expect(log.errors[0]).toContain('[request-9]');
      if (path === '/answer') expect(log.errors[0]).toContain('$.count');
    },
  );

  it('4xx are not logged as errors', async () => {
    const log = new CapturedLog();
    const app = await startApp(adapter, { controllers: [Throwing], setUp: log.attach });
    await app.post('/invalid', {});
    await app.post('/http', { status: 404 });
    await app.post('/invalid', '[');
    expect(log.errors).toEqual([]);
  });
});
