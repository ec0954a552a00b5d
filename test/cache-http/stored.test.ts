import {
  Controller,
  NotFoundException,
  UseInterceptors,
  type CallHandler,
  type ExecutionContext,
  type NestInterceptor,
} from '@nestjs/common';
import { InvalidRequest, ModelEndpoint } from 'nestjs-model-serving';
import { tap, throwError, type Observable } from 'rxjs';
import { beforeEach, describe, expect, it } from 'vitest';
import { deferred } from '../endpoint/deferred.js';
import { ADAPTERS, startApp } from '../serving-app.js';
import { entrySchema } from './entry-schema.js';

let runs = 0;
let keys = 0;
let held: any;
let gate = deferred();
beforeEach(() => {
  runs = 0;
  gate = deferred();
  keys = 0;
});

const FAILURES: Record<string, () => unknown> = {
  'an Error': () => {
    throw new Error('no');
  },
  InvalidRequest: () => {
    throw new InvalidRequest('no');
  },
  'an HttpException': () => {
    throw new NotFoundException('no');
  },
  'a rejection': () => Promise.reject(new Error('no')),
  'an Observable that fails': () => throwError(() => new Error('no')),
  'an answer that breaks the schema': () => ({ run: 'many' }),
};

class Spoiling implements NestInterceptor {
  intercept(_: ExecutionContext, next: CallHandler): Observable<unknown> {
    return next.handle().pipe(
      tap((answer: any) => {
        answer.words.push('spoiled');
        answer.run = 'spoiled';
      }),
    );
  }
}

/** One key for all, which tells when a request is about to join a run or to start one. */
function sameKey(): string {
  keys++;
  return 'same';
}

@Controller()
class Models {
  @ModelEndpoint('/failing', entrySchema(), { cache: true })
  failing({ userName }: { userName: string }) {
    if (++runs === 1) return FAILURES[userName]!();
    return { run: runs };
  }

  @ModelEndpoint('/unwritable', undefined, { cache: true })
  unwritable(): unknown {
    const cycle: { self?: object } = {};
    if (++runs === 1) cycle.self = cycle;
    return cycle;
  }

  @ModelEndpoint('/held', undefined, { cache: true })
  held() {
    held ??= { words: ['a'], run: ++runs };
    return held;
  }

  @ModelEndpoint('/held-with-schema', entrySchema(), { cache: true })
  heldWithSchema() {
    return this.held();
  }

  @UseInterceptors(Spoiling)
  @ModelEndpoint('/spoiled', undefined, { cache: true })
  spoiled() {
    return { words: ['a'], run: ++runs };
  }

  @UseInterceptors(Spoiling)
  @ModelEndpoint('/spoiled-in-flight', undefined, { cache: { key: sameKey } })
  async spoiledInFlight() {
    await gate.promise;
    return { words: ['a'], run: ++runs };
  }

  @ModelEndpoint('/input', undefined, { cache: true })
  input(input: { words: string[] }) {
    input.words.push('more');
    return { run: ++runs, words: input.words };
  }
}

describe.each(ADAPTERS)('what the cache keeps, on %s', (adapter) => {
  it.each(Object.keys(FAILURES))('is not %s', async (failure) => {
    const app = await startApp(adapter, { controllers: [Models] });
    const failed = await app.post('/failing', { userName: failure });
    expect(failed.status).toBeGreaterThanOrEqual(400);
    const second = await app.post('/failing', { userName: failure });
    expect([second.status, second.headers.get('x-cache')]).toEqual([200, 'MISS']);
    expect((await app.post('/failing', { userName: failure })).headers.get('x-cache')).toBe('HIT');
  });

  it('is not an answer that JSON cannot hold', async () => {
    const app = await startApp(adapter, { controllers: [Models] });
    expect((await app.post('/unwritable', {})).status).toBe(500);
    expect(await app.post('/unwritable', {})).toMatchObject({ status: 200, body: {} });
    expect(runs).toBe(2);
  });

  it('is not what a refused request was told', async () => {
    const app = await startApp(adapter, { controllers: [Models] });
    for (let time = 0; time < 2; time++) {
      const { status, headers } = await app.post('/failing', { unknown: 1 });
      expect([status, headers.get('x-cache')]).toEqual([400, null]);
    }
    expect(runs).toBe(0);
  });

  it.each(['/held', '/held-with-schema'])(
    'cannot be changed by a handler that holds the answer (%s)',
    async (path) => {
      held = undefined;
      const app = await startApp(adapter, { controllers: [Models] });
      const { body } = await app.post(path, {});
      held.words.push('later');
      held.run = 99;
      const hit = await app.post(path, {});
      expect(hit.headers.get('x-cache')).toBe('HIT');
      expect(hit.body).toEqual(body);
    },
  );

  it('cannot be changed by an interceptor that changes the answer', async () => {
    const app = await startApp(adapter, { controllers: [Models] });
    for (let time = 0; time < 3; time++) {
      const { body } = await app.post('/spoiled', {});
      expect(body).toEqual({ words: ['a', 'spoiled'], run: 'spoiled' });
    }
    expect(runs).toBe(1);
  });

  it('nor can an answer that identical requests share in flight', async () => {
    const app = await startApp(adapter, { controllers: [Models] });
    const requests = Array.from({ length: 3 }, () => app.post('/spoiled-in-flight', {}));
    await expect.poll(() => keys).toBe(3);
    gate.resolve();
    for (const { body } of await Promise.all(requests)) {
      expect(body).toEqual({ words: ['a', 'spoiled'], run: 'spoiled' });
    }
    expect(runs).toBe(1);
  });

  it('lies under the input as it came, though the handler changes it', async () => {
    const app = await startApp(adapter, { controllers: [Models] });
    await app.post('/input', { words: ['a'] });
    const again = await app.post('/input', { words: ['a'] });
    expect([again.headers.get('x-cache'), again.body.words]).toEqual(['HIT', ['a', 'more']]);
    const changed = await app.post('/input', { words: ['a', 'more'] });
    expect(changed.headers.get('x-cache')).toBe('MISS');
  });
});
