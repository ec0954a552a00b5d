import { inspect } from 'node:util';
import { Catch, HttpException, UseFilters, type ExceptionFilter } from '@nestjs/common';
import { ModelEndpoint } from 'nestjs-model-serving';
import { describe, expect, it } from 'vitest';
import { CapturedLog } from '../http/captured-log.js';
import { ADAPTERS, startApp } from '../serving-app.js';
import { levelsAre } from './levels.js';

/** What a handler may throw that is no ordinary error. */
const THROWN: Record<string, () => unknown> = {
  undefined: () => undefined,
  null: () => null,
  text: () => 'A secret of the model',
  symbol: () => Symbol('secret'),
  'bare object': () => Object.create(null) as unknown,
  'error without a stack': () => Object.assign(new Error('secret'), { stack: undefined }),
  'error with itself as its cause': () => {
    const error = new Error('secret');
    error.cause = error;
    return error;
  },
  'errors that are causes of each other': () => {
    const error = new Error('secret', { cause: new Error('other') });
    (error.cause as Error).cause = new AggregateError([error], 'many');
    return error;
  },
  'frozen error': () => Object.freeze(new Error('secret')),
  'error without a prototype': () => Object.setPrototypeOf(new Error('secret'), null) as unknown,
  'error with a message that is no text': () =>
    Object.assign(new Error('secret'), { message: Symbol('secret') }),
  'error whose getters throw': () =>
    Object.defineProperties(new Error('secret'), {
      message: { get: trap },
      stack: { get: trap },
      cause: { get: trap },
      name: { get: trap },
    }),
  'error that inspects itself and fails': () =>
    Object.assign(new Error('secret'), { [inspect.custom]: trap, toString: trap, toJSON: trap }),
  'Proxy whose traps throw': () => trapped({}),
  'Proxy of an error whose traps throw': () => trapped(new Error('secret')),
  'revoked Proxy': () => {
    const { proxy, revoke } = Proxy.revocable({}, {});
    revoke();
    return proxy;
  },
  thenable: () => thenable((resolve) => resolve({ an: 'answer' })),
  'thenable that fails': () => thenable(trap),
  function: () => trap,
  bigint: () => 1n,
  'exception with status 0': () => new HttpException('secret', 0),
  'exception with status 99': () => new HttpException('secret', 99),
  'exception with status 1000': () => new HttpException('secret', 1000),
  'exception with status 200': () => new HttpException('secret', 200),
  'exception with status NaN': () => new HttpException('secret', NaN),
  'exception without a status': () => new HttpException('secret', undefined as never),
  'exception whose status throws': () =>
    Object.assign(new HttpException('secret', 400), { getStatus: trap }),
  'exception whose response throws': () =>
    Object.assign(new HttpException('secret', 400), { getResponse: trap }),
};

function thenable(then: (resolve: (value: object) => void) => void): object {
  // oxlint-disable-next-line unicorn/no-thenable -- a handler may throw one
  return { then };
}

function trap(): never {
  throw new Error('trap');
}

function trapped(target: object): object {
  return new Proxy(target, {
    get: trap,
    getPrototypeOf: trap,
    has: trap,
    ownKeys: trap,
    getOwnPropertyDescriptor: trap,
  });
}

/** A filter, of which Nest asks whether what was thrown is an instance of what it catches. */
@Catch(RangeError)
class OtherFilter implements ExceptionFilter {
  catch(): void {}
}

/** What the bodies of exceptions may look like that are the app's own, and the text they give. */
const BODIES: [unknown, string][] = [
  ['text', 'text'],
  ['', ''],
  [['a', 'b'], 'a; b'],
  [{ message: 'text', more: 1 }, 'text'],
  [{ message: ['a', 'b'] }, 'a; b'],
  [{ message: [{ property: 'x' }, 'a'] }, 'a'],
  [{ message: [{ property: 'x' }] }, 'Http Exception'],
  [{ message: { nested: true } }, 'Http Exception'],
  [{ message: 42 }, 'Http Exception'],
  [{ reason: 'x' }, 'Http Exception'],
  [{ errors: [Object.create(null)] }, 'Http Exception'],
  [null, 'Http Exception'],
  [undefined, 'Http Exception'],
  [42, 'Http Exception'],
];

@ModelEndpoint('/excepts')
class Excepts {
  predict({ index, status }: { index: number; status: number }): never {
    throw new HttpException(BODIES[index]![0] as string, status);
  }
}

@UseFilters(OtherFilter)
@ModelEndpoint('/throws')
class Throws {
  predict({ what, how }: { what: string; how: string }): unknown {
    const thrown = THROWN[what]!();
    if (how === 'rejects') return Promise.reject(thrown);
    throw thrown;
  }
}

@ModelEndpoint('/throws-batched', undefined, { batch: {} })
class ThrowsBatched {
  predict(inputs: { what: string }[]): Promise<never> {
    return Promise.reject(THROWN[inputs[0]!.what]!());
  }
}

describe.each(ADAPTERS)('A handler on %s', (adapter) => {
  it.each(Object.keys(THROWN))(
    'may throw what it likes, as %s: 500, and it is logged',
    async (what) => {
      const log = new CapturedLog();
      const app = await startApp(adapter, {
        controllers: [Throws, ThrowsBatched],
        setUp: (nest) => {
          log.attach(nest);
          nest.useGlobalFilters(new OtherFilter());
        },
      });
      for (const [path, how] of [
        ['/throws', 'throws'],
        ['/throws', 'rejects'],
        ['/throws-batched', 'rejects'],
      ] as const) {
        const answer = await app.post(path, { what, how });
        expect(answer).toMatchObject({
          status: 500,
          body: { error: 'Internal server error', code: 'INTERNAL' },
        });
        expect(answer.body.requestId).toBe(answer.headers.get('x-request-id'));
        expect(log.errors.some((text) => text.includes(answer.body.requestId))).toBe(true);
      }
      await levelsAre(app, { in_flight: 0, queue_depth: 0 });
    },
  );

  it("may throw exceptions with bodies of the shape it likes, to the contract's answer", async () => {
    const app = await startApp(adapter, { controllers: [Excepts] });
    for (const [index, [, error]] of BODIES.entries()) {
      const { status, body } = await app.post('/excepts', { index, status: 422 });
      expect([index, status, body]).toEqual([
        index,
        422,
        { error, code: 'FAILED_PRECONDITION', requestId: expect.any(String) },
      ]);
    }
  });
});
