import {
  Catch,
  Controller,
  ConflictException,
  Inject,
  Injectable,
  Scope,
  UnauthorizedException,
  UseFilters,
  UseGuards,
  UseInterceptors,
  UsePipes,
  type ArgumentsHost,
  type CallHandler,
  type CanActivate,
  type ExceptionFilter,
  type ExecutionContext,
  type NestInterceptor,
  type PipeTransform,
  type Provider,
  type Type,
} from '@nestjs/common';
import { APP_FILTER, APP_GUARD, APP_INTERCEPTOR, APP_PIPE, REQUEST } from '@nestjs/core';
import { InvalidRequest, ModelEndpoint, type PredictContext } from 'nestjs-model-serving';
import { map, of } from 'rxjs';
import { beforeEach, describe, expect, it } from 'vitest';
import type { AppUnderTest } from '../serving-app.js';
import { DOORS } from './doors.js';
import { answerInPlace, anyObject, headersOf } from './grpc-door.js';

/** What has seen a call, in order. */
let seen: string[];
beforeEach(() => {
  seen = [];
});

/** Injected into everything below, so that a class that Nest does not make is told apart. */
@Injectable()
class Diary {
  note(entry: string): void {
    seen.push(entry);
  }
}

function guard(name: string, scope = Scope.DEFAULT): Type<CanActivate> {
  @Injectable({ scope })
  class Guard implements CanActivate {
    constructor(private readonly diary: Diary) {}

    canActivate(context: ExecutionContext): boolean {
      const headers = headersOf(context);
      this.diary.note(`${name} of ${context.getClass().name}.${context.getHandler().name}`);
      if (headers['x-refuse'] === name) return false;
      if (headers['x-throw'] === name) throw new UnauthorizedException(`${name} wants a token`);
      return true;
    }
  }
  return Guard;
}

function interceptor(name: string, scope = Scope.DEFAULT): Type<NestInterceptor> {
  @Injectable({ scope })
  class Interceptor implements NestInterceptor {
    constructor(private readonly diary: Diary) {}

    intercept(context: ExecutionContext, next: CallHandler) {
      const headers = headersOf(context);
      this.diary.note(`${name} before`);
      if (headers['x-answer'] === name) return of({ answeredBy: name });
      return next.handle().pipe(
        map((value) => {
          this.diary.note(`${name} after ${JSON.stringify(value)}`);
          return headers['x-replace'] === name ? { ...value, replacedBy: name } : value;
        }),
      );
    }
  }
  return Interceptor;
}

function pipe(name: string, scope = Scope.DEFAULT): Type<PipeTransform> {
  @Injectable({ scope })
  class Pipe implements PipeTransform {
    constructor(private readonly diary: Diary) {}

    /** As the docs of Nest write it for zod: it looks at the value and at nothing else. */
    transform(value: any) {
      this.diary.note(`${name} of ${value.text}`);
      if (value.text === name) throw new ConflictException(`${name} says no`);
      return { ...value, piped: [...(value.piped ?? []), name] };
    }
  }
  return Pipe;
}

class Spilled extends Error {}

function filter(name: string): Type<ExceptionFilter> {
  @Catch(Spilled)
  @Injectable()
  class Filter implements ExceptionFilter {
    constructor(private readonly diary: Diary) {}

    catch(error: Spilled, host: ArgumentsHost): unknown {
      this.diary.note(`${name} of ${error.message}`);
      return answerInPlace(host, 418, error.message);
    }
  }
  return Filter;
}

interface Input {
  text?: string;
  piped?: string[];
}

function handle(input: Input, { requestId }: PredictContext) {
  seen.push('handler');
  if (input.text === 'spill') throw new Spilled('milk');
  if (input.text === 'invalid') throw new InvalidRequest('No text');
  if (input.text === 'fault') throw new Error('broken');
  return { piped: input.piped ?? [], named: requestId !== '' };
}

const WAYS = [
  'class',
  'method',
  'app',
  'class, by request',
  'method, by request',
  'app, by request',
];

/** An endpoint `/run` with one of each kind, bound in one of the ways that Nest has. */
function boundTo(door: string, way: string): AppUnderTest {
  const schema = door.startsWith('gRPC') ? anyObject('run') : undefined;
  const scope = way.endsWith('by request') ? Scope.REQUEST : Scope.DEFAULT;
  const kinds = [
    [APP_GUARD, UseGuards, guard('guard', scope)],
    [APP_INTERCEPTOR, UseInterceptors, interceptor('interceptor', scope)],
    [APP_PIPE, UsePipes, pipe('pipe', scope)],
    [APP_FILTER, UseFilters, filter('filter')],
  ] as const;

  @ModelEndpoint('/run', schema)
  class OfClass {
    predict(input: Input, context: PredictContext) {
      return handle(input, context);
    }
  }
  @Controller()
  class OfMethod {
    @ModelEndpoint('/run', schema)
    predict(input: Input, context: PredictContext) {
      return handle(input, context);
    }
  }

  const providers: Provider[] = [Diary];
  for (const [token, use, kind] of kinds) {
    const decorate = use(kind as never);
    if (way.startsWith('app')) providers.push({ provide: token, useClass: kind as Type });
    if (way.startsWith('class')) decorate(OfClass);
    if (way.startsWith('method')) {
      const descriptor = Object.getOwnPropertyDescriptor(OfMethod.prototype, 'predict')!;
      decorate(OfMethod.prototype, 'predict', descriptor);
    }
  }
  return { controllers: [way.startsWith('class') ? OfClass : OfMethod], providers };
}

describe.each(DOORS)('What the app binds, by $door,', ({ door, open }) => {
  const isGrpc = door.startsWith('gRPC');
  it.each(WAYS)('counts where it is bound to the %s', async (way) => {
    const { call } = await open(boundTo(door, way));
    const owner = way.startsWith('class') ? 'OfClass' : 'OfMethod';

    // All see the call, in order.
    const plain = await call('/run', { text: 'hello' });
    expect(plain).toMatchObject({ status: 200, body: { piped: ['pipe'], named: true } });
    expect(seen).toEqual([
      `guard of ${owner}.predict`,
      'interceptor before',
      'pipe of hello',
      'handler',
      'interceptor after {"piped":["pipe"],"named":true}',
    ]);

    // A guard refuses before anything else has seen it.
    seen = [];
    expect(await call('/run', { text: 'a' }, { 'x-refuse': 'guard' })).toMatchObject({
      status: 403,
      body: { error: 'Forbidden resource', code: 'PERMISSION_DENIED' },
    });
    expect(await call('/run', { text: 'a' }, { 'x-throw': 'guard' })).toMatchObject({
      status: 401,
      body: { error: 'guard wants a token', code: 'UNAUTHENTICATED' },
    });
    expect(seen).toEqual([`guard of ${owner}.predict`, `guard of ${owner}.predict`]);

    // So does a pipe, and the handler itself.
    seen = [];
    expect(await call('/run', { text: 'pipe' })).toMatchObject({
      status: 409,
      body: { error: 'pipe says no', code: 'ABORTED' },
    });
    expect(seen).not.toContain('handler');
    expect(await call('/run', { text: 'invalid' })).toMatchObject({
      status: 400,
      body: { error: 'No text', code: 'INVALID_ARGUMENT' },
    });

    // An interceptor answers in the place of the handler, or changes what it answers.
    seen = [];
    const early = await call('/run', { text: 'a' }, { 'x-answer': 'interceptor' });
    expect(early).toMatchObject({ status: 200, body: { answeredBy: 'interceptor' } });
    expect(seen).not.toContain('handler');
    const replaced = await call('/run', { text: 'a' }, { 'x-replace': 'interceptor' });
    expect(replaced.body).toMatchObject({ named: true, replacedBy: 'interceptor' });

    // A filter answers an error that it names.
    expect(await call('/run', { text: 'spill' })).toMatchObject({
      status: 418,
      body: isGrpc ? { error: 'milk' } : { taken: 'milk' },
    });
    expect(seen.at(-1)).toBe('filter of milk');
  });

  it('makes a class for each request, which is given the request', async () => {
    @ModelEndpoint('/tell', isGrpc ? anyObject('tell') : undefined)
    @Injectable({ scope: Scope.REQUEST })
    class Teller {
      static made = 0;

      constructor(@Inject(REQUEST) private readonly request: any) {
        Teller.made++;
      }

      predict(input: Input) {
        const { data, metadata, method = data.text, headers = metadata.getMap() } = this.request;
        return { method, headers, text: input.text };
      }
    }
    const { call } = await open({ controllers: [Teller] });
    const answers = await Promise.all(
      ['a', 'b'].map((text) => call('/tell', { text }, { 'x-who': text })),
    );
    expect(answers.map(({ body }) => body)).toMatchObject([
      { method: isGrpc ? 'a' : 'POST', headers: { 'x-who': 'a' }, text: 'a' },
      { method: isGrpc ? 'b' : 'POST', headers: { 'x-who': 'b' }, text: 'b' },
    ]);
    expect(Teller.made).toBe(2);
  });

  it('says of refusals nothing at the level of errors, and of a fault one line', async () => {
    const errors: unknown[] = [];
    const { app, call } = await open(boundTo(door, 'class'));
    app.useLogger({ log() {}, warn() {}, error: (...said: unknown[]) => errors.push(said[0]) });
    await call('/run', { text: 'a' }, { 'x-refuse': 'guard' });
    await call('/run', { text: 'invalid' });
    await call('/run', { text: 'pipe' });
    expect(errors).toEqual([]);
    await call('/run', { text: 'fault' });
    expect(errors).toEqual([expect.stringMatching(/ broken$/)]);
  });
});
