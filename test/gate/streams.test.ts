import {
  Catch,
  ConflictException,
  HttpException,
  Injectable,
  Scope,
  UseFilters,
  UseGuards,
  UseInterceptors,
  UsePipes,
  type ArgumentsHost,
  type CallHandler,
  type ExecutionContext,
  type Type,
} from '@nestjs/common';
import { APP_FILTER, APP_GUARD, APP_INTERCEPTOR, APP_PIPE } from '@nestjs/core';
import { InvalidRequest, ModelEndpoint } from 'nestjs-model-serving';
import { catchError, EMPTY, filter, map, of, retry, take } from 'rxjs';
import { beforeEach, describe, expect, it } from 'vitest';
import type { AppUnderTest } from '../serving-app.js';
import { JSON_DOORS } from './doors.js';

let seen: unknown[];
let ended: number;
beforeEach(() => {
  seen = [];
  ended = 0;
});

class Spilled extends Error {}

interface Input {
  to: number;
  fail?: string;
  piped?: boolean;
}

/** What a handler of each way of binding does. */
async function* count({ to, fail, piped = false }: Input) {
  try {
    for (let n = 0; n < to; n++) yield { n, piped };
    if (fail === 'spill') throw new Spilled('milk');
    if (fail === 'invalid') throw new InvalidRequest('enough');
  } finally {
    ended++;
  }
}

function kinds(scope: Scope) {
  @Injectable({ scope })
  class Guard {
    canActivate(context: ExecutionContext) {
      seen.push(`guard of ${context.getClass().name}.${context.getHandler().name}`);
      return context.switchToHttp().getRequest().headers['x-refuse'] === undefined;
    }
  }
  @Injectable({ scope })
  class Pipe {
    transform(value: Input, { type }: { type: string }) {
      if (type !== 'body') return value;
      seen.push('pipe');
      if (value.fail === 'pipe') throw new ConflictException('pipe says no');
      return { ...value, piped: true };
    }
  }
  @Injectable({ scope })
  class Interceptor {
    intercept(context: ExecutionContext, next: CallHandler) {
      const { headers } = context.switchToHttp().getRequest();
      seen.push('interceptor');
      const items = next.handle().pipe(
        map((item) => {
          seen.push(item.n);
          return { ...item, mapped: true };
        }),
      );
      switch (headers['x-do']) {
        case 'take':
          return items.pipe(take(2));
        case 'odd':
          return items.pipe(filter(({ n }) => n % 2 === 1));
        case 'answer':
          return of({ answered: 1 }, { answered: 2 });
        case 'nothing':
          return EMPTY;
        case 'recover':
          return items.pipe(catchError((error: Error) => of({ recovered: error.message })));
        case 'retry':
          return items.pipe(retry(1));
        case 'replace':
          return items.pipe(
            catchError(() => {
              throw new HttpException('replaced', 409);
            }),
          );
        default:
          return items;
      }
    }
  }
  @Catch(Spilled)
  class Filter {
    catch(error: Spilled, host: ArgumentsHost) {
      const { headers } = host.switchToHttp().getRequest();
      seen.push(`filter of ${error.message}`);
      if (headers['x-filter'] === 'give') return new HttpException('given', 410);
      if (headers['x-filter'] === 'throw') throw new HttpException('thrown', 411);
      host.switchToHttp().getResponse().status(418).send({ taken: error.message });
    }
  }
  return [
    [APP_GUARD, UseGuards, Guard],
    [APP_PIPE, UsePipes, Pipe],
    [APP_INTERCEPTOR, UseInterceptors, Interceptor],
    [APP_FILTER, UseFilters, Filter],
  ] as const;
}

const WAYS = ['class', 'method', 'app', 'class, by request', 'app, by request'];

function boundTo(way: string): AppUnderTest {
  class Stream {
    predict(input: Input) {
      return count(input);
    }
  }
  const providers = [];
  for (const [token, use, kind] of kinds(
    way.endsWith('by request') ? Scope.REQUEST : Scope.DEFAULT,
  )) {
    const decorate = use(kind as never);
    if (way.startsWith('app')) providers.push({ provide: token, useClass: kind as Type });
    if (way.startsWith('class')) decorate(Stream);
    if (way.startsWith('method')) {
      decorate(
        Stream.prototype,
        'predict',
        Object.getOwnPropertyDescriptor(Stream.prototype, 'predict')!,
      );
    }
  }
  ModelEndpoint('/run', undefined, { stream: true })(Stream);
  return { controllers: [Stream], providers };
}

const accept = 'application/json';

describe.each(JSON_DOORS)('What the app binds to a stream, by $door,', ({ door, open }) => {
  it.each(WAYS)('counts where it is bound to the %s', async (way) => {
    const { app, call } = await open(boundTo(way));
    const run = (input: Input, headers = {}) => call('/run', input, { accept, ...headers });
    const item = (n: number) => ({ n, piped: true, mapped: true });

    // Each item passes the interceptor as it comes.
    expect(await run({ to: 3 })).toMatchObject({ status: 200, body: [0, 1, 2].map(item) });
    expect(seen).toEqual(['guard of Stream.predict', 'interceptor', 'pipe', 0, 1, 2]);
    expect(await run({ to: 0 })).toMatchObject({ status: 200, body: [] });

    seen = [];
    ended = 0;
    expect(await run({ to: 3 }, { 'x-refuse': '1' })).toMatchObject({
      status: 403,
      body: { code: 'PERMISSION_DENIED' },
    });
    expect(seen).toEqual(['guard of Stream.predict']);
    expect(await run({ to: 3, fail: 'pipe' })).toMatchObject({
      status: 409,
      body: { error: 'pipe says no', code: 'ABORTED' },
    });
    expect(ended).toBe(0);

    // What an interceptor makes of the stream is the stream.
    expect((await run({ to: 1_000_000 }, { 'x-do': 'take' })).body).toEqual([0, 1].map(item));
    expect(ended).toBe(1);
    expect((await run({ to: 4 }, { 'x-do': 'odd' })).body).toEqual([1, 3].map(item));
    ended = 0;
    expect((await run({ to: 4 }, { 'x-do': 'answer' })).body).toEqual([
      { answered: 1 },
      { answered: 2 },
    ]);
    expect((await run({ to: 4 }, { 'x-do': 'nothing' })).body).toEqual([]);
    expect(ended).toBe(0);
    expect((await run({ to: 1, fail: 'invalid' }, { 'x-do': 'recover' })).body).toEqual([
      item(0),
      { recovered: 'enough' },
    ]);
    expect(await run({ to: 1, fail: 'invalid' }, { 'x-do': 'replace' })).toMatchObject({
      status: 409,
      body: { error: 'replaced' },
    });

    // What has failed is not passed off as a whole stream.
    expect(await run({ to: 1, fail: 'invalid' }, { 'x-do': 'retry' })).toMatchObject({
      status: 500,
      body: { code: 'INTERNAL' },
    });

    // So is what a filter makes of its failure.
    expect(await run({ to: 0, fail: 'invalid' })).toMatchObject({
      status: 400,
      body: { error: 'enough', code: 'INVALID_ARGUMENT' },
    });
    expect(await run({ to: 0, fail: 'spill' })).toMatchObject({
      status: 418,
      body: { taken: 'milk' },
    });
    expect(await run({ to: 0, fail: 'spill' }, { 'x-filter': 'give' })).toMatchObject({
      status: 410,
      body: { error: 'given' },
    });
    expect(await run({ to: 0, fail: 'spill' }, { 'x-filter': 'throw' })).toMatchObject({
      status: 411,
      body: { error: 'thrown' },
    });

    const errors: unknown[] = [];
    app.useLogger({ log() {}, warn() {}, error: (...said: unknown[]) => errors.push(said) });
    await run({ to: 0, fail: 'spill' });
    await run({ to: 0, fail: 'invalid' });
    // callEndpoint tells of every failure, whoever has answered it.
    if (door.startsWith('HTTP')) expect(errors).toEqual([]);

    if (!door.startsWith('HTTP')) return;
    const late = async (headers = {}) => {
      const { status, body } = await call('/run', { to: 1, fail: 'spill' }, headers);
      const [first, last, end] = (body as string).split('\n\n');
      expect([status, first, end]).toEqual([200, `id: 0\ndata: ${JSON.stringify(item(0))}`, '']);
      return last;
    };
    // Too late to answer: the failure is the last event.
    expect(await late()).toMatch(/^event: error\ndata: {"error":"Internal server error"/);
    expect(await late({ 'x-filter': 'give' })).toMatch(/^event: error\ndata: {"error":"given"/);
    expect(await late({ 'x-filter': 'throw' })).toMatch(/^event: error\ndata: {"error":"thrown"/);
    expect(seen.at(-1)).toBe('filter of milk');
  });
});
