import {
  Controller,
  Injectable,
  NotImplementedException,
  UseInterceptors,
  type CallHandler,
  type ExecutionContext,
  type NestInterceptor,
} from '@nestjs/common';
import { APP_INTERCEPTOR } from '@nestjs/core';
import { InvalidRequest, ModelEndpoint } from 'nestjs-model-serving';
import { catchError, map, of, tap, throwError, type Observable } from 'rxjs';
import { beforeEach, describe, expect, it } from 'vitest';
import { textSchema } from '../http/text-schema.js';
import { ADAPTERS, startApp } from '../serving-app.js';

let calls = 0;
let seen: unknown[] = [];
beforeEach(() => {
  calls = 0;
  seen = [];
});

class Wrapping implements NestInterceptor {
  intercept(_: ExecutionContext, next: CallHandler): Observable<unknown> {
    return next.handle().pipe(map((data) => ({ data })));
  }
}

class Reading implements NestInterceptor {
  intercept(_: ExecutionContext, next: CallHandler): Observable<unknown> {
    return next.handle().pipe(tap((answer) => void seen.push(structuredClone(answer))));
  }
}

class ShortCircuit implements NestInterceptor {
  intercept(): Observable<unknown> {
    return of({ shortcut: true });
  }
}

class Rewriting implements NestInterceptor {
  intercept(_: ExecutionContext, next: CallHandler): Observable<unknown> {
    return next
      .handle()
      .pipe(
        catchError((error) =>
          throwError(() =>
            error instanceof InvalidRequest ? new NotImplementedException(error.message) : error,
          ),
        ),
      );
  }
}

function answer(input: object): object {
  calls++;
  if ('fail' in input) throw new InvalidRequest('failed');
  return { input };
}

@UseInterceptors(Wrapping)
@ModelEndpoint('/class-above')
class ClassAbove {
  predict(input: object) {
    return answer(input);
  }
}

@ModelEndpoint('/class-below')
@UseInterceptors(new Wrapping())
class ClassBelow {
  predict(input: object) {
    return answer(input);
  }
}

@Controller()
class Methods {
  @UseInterceptors(Wrapping)
  @ModelEndpoint('/method-above')
  above(input: object) {
    return answer(input);
  }

  @ModelEndpoint('/method-below')
  @UseInterceptors(Wrapping)
  below(input: object) {
    return answer(input);
  }

  @UseInterceptors(ShortCircuit)
  @ModelEndpoint('/short', textSchema())
  short() {
    return answer({});
  }

  @UseInterceptors(Rewriting)
  @ModelEndpoint('/rewriting')
  rewriting(input: object) {
    return answer(input);
  }

  @ModelEndpoint('/cached', undefined, { cache: true })
  cached(input: object) {
    return answer(input);
  }

  @ModelEndpoint('/scalar')
  scalar({ value }: { value: unknown }) {
    return value;
  }
}

describe.each(ADAPTERS)('interceptors on %s', (adapter) => {
  it.each(['/class-above', '/class-below', '/method-above', '/method-below'])(
    'map the answer (%s)',
    async (path) => {
      const app = await startApp(adapter, { controllers: [ClassAbove, ClassBelow, Methods] });
      const { status, body, headers } = await app.post(path, { a: 1 });
      expect({ status, body }).toEqual({ status: 200, body: { data: { input: { a: 1 } } } });
      expect(headers.get('content-type')).toBe('application/json; charset=utf-8');
    },
  );

  it('may be global and map the answer, cached or not', async () => {
    const app = await startApp(adapter, {
      controllers: [Methods],
      setUp: (nest) => nest.useGlobalInterceptors(new Wrapping(), new Reading()),
    });
    for (const cache of ['MISS', 'HIT']) {
      const { body, headers } = await app.post('/cached', { a: 1 });
      expect(body).toEqual({ data: { input: { a: 1 } } });
      expect(headers.get('x-cache')).toBe(cache);
    }
    expect(seen).toEqual([{ input: { a: 1 } }, { input: { a: 1 } }]);
    expect(calls).toBe(1);
  });

  it('cannot change what is cached', async () => {
    class Spoiling implements NestInterceptor {
      intercept(_: ExecutionContext, next: CallHandler): Observable<unknown> {
        return next
          .handle()
          .pipe(tap((found: object) => void Object.assign(found, { spoiled: true })));
      }
    }
    const app = await startApp(adapter, {
      controllers: [Methods],
      setUp: (nest) => nest.useGlobalInterceptors(new Reading(), new Spoiling(), new Reading()),
    });
    const spoiled = { input: {}, spoiled: true };
    expect((await app.post('/cached', {})).body).toEqual(spoiled);
    expect((await app.post('/cached', {})).body).toEqual(spoiled);
    expect(seen).toEqual([{ input: {} }, spoiled, { input: {} }, spoiled]);
    expect(calls).toBe(1);
  });

  it('may be global providers', async () => {
    @Injectable()
    class Label {
      readonly text = 'label';
    }
    @Injectable()
    class Labelling implements NestInterceptor {
      constructor(private readonly label: Label) {}
      intercept(_: ExecutionContext, next: CallHandler): Observable<unknown> {
        return next.handle().pipe(map((data) => ({ label: this.label.text, data })));
      }
    }
    const app = await startApp(adapter, {
      controllers: [ClassBelow],
      providers: [Label, { provide: APP_INTERCEPTOR, useClass: Labelling }],
    });
    expect((await app.post('/class-below', {})).body).toEqual({
      label: 'label',
      data: { data: { input: {} } },
    });
  });

  it('may answer in place of the handler', async () => {
    const app = await startApp(adapter, { controllers: [Methods] });
    expect(await app.post('/short', { text: 'a' })).toMatchObject({
      status: 200,
      body: { shortcut: true },
    });
    expect(calls).toBe(0);
  });

  it('may turn one error into another', async () => {
    const app = await startApp(adapter, { controllers: [Methods] });
    expect(await app.post('/rewriting', { fail: true })).toMatchObject({
      status: 501,
      body: { error: 'failed', code: 'UNIMPLEMENTED' },
    });
  });

  it('that only look leave every JSON value as it is', async () => {
    const app = await startApp(adapter, {
      controllers: [Methods],
      setUp: (nest) => nest.useGlobalInterceptors(new Reading()),
    });
    for (const value of ['text', '', 'null', 0, false, null, [1], { a: {} }]) {
      const { status, body, headers } = await app.post('/scalar', { value });
      expect({ status, body }).toEqual({ status: 200, body: value });
      expect(headers.get('content-type')).toBe('application/json; charset=utf-8');
    }
  });
});
