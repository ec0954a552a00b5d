import { Controller } from '@nestjs/common';
import { InvalidRequest, ModelEndpoint } from 'nestjs-model-serving';
import { concat, delay, EMPTY, finalize, of, throwError, timer } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { textSchema } from '../http/text-schema.js';
import { ADAPTERS, startApp } from '../serving-app.js';

@Controller()
class Results {
  @ModelEndpoint('/value')
  value() {
    return { a: 1, skipped: undefined };
  }

  @ModelEndpoint('/promise')
  async promise() {
    return { a: 2 };
  }

  @ModelEndpoint('/observable')
  observable() {
    return of({ a: 1 }, { a: 2 }, { a: 3 });
  }

  @ModelEndpoint('/later')
  later() {
    return concat(of({ a: 1 }), of({ a: 2 }).pipe(delay(5)));
  }

  @ModelEndpoint('/promised-observable')
  async promisedObservable() {
    return of({ a: 1 }, { a: 3 });
  }

  @ModelEndpoint('/promised-failure')
  async promisedFailure() {
    return throwError(() => new InvalidRequest('failed'));
  }

  @ModelEndpoint('/promised-batch', undefined, { batch: { maxSize: 4 } })
  async promisedBatch(inputs: object[]) {
    return of(inputs.map(() => ({ a: 3 })));
  }

  @ModelEndpoint('/promised-never', undefined, { timeout: 20 })
  async promisedNever() {
    return timer(60_000).pipe(finalize(() => this.#unsubscribed()));
  }

  #unsubscribed!: () => void;
  readonly unsubscribed = new Promise<void>((resolve) => (this.#unsubscribed = resolve));

  @ModelEndpoint('/empty')
  empty() {
    return EMPTY;
  }

  @ModelEndpoint('/empty-with-schema', textSchema())
  emptyWithSchema() {
    return EMPTY;
  }

  @ModelEndpoint('/nothing')
  nothing() {}

  @ModelEndpoint('/scalar')
  scalar({ value }: { value: unknown }) {
    return value;
  }

  @ModelEndpoint('/rejects')
  async rejects() {
    throw new InvalidRequest('rejected');
  }

  @ModelEndpoint('/fails-late')
  failsLate() {
    return concat(
      of({ a: 1 }),
      throwError(() => new InvalidRequest('failed')),
    );
  }

  @ModelEndpoint('/never', undefined, { timeout: 20 })
  never() {
    return timer(60_000);
  }
}

describe.each(ADAPTERS)('what a handler may return on %s', (adapter) => {
  it.each([
    ['a value', '/value', { a: 1 }],
    ['a promise', '/promise', { a: 2 }],
    ['an Observable, of which the last value counts', '/observable', { a: 3 }],
    ['an Observable that takes its time', '/later', { a: 2 }],
    ['a promise of an Observable', '/promised-observable', { a: 3 }],
    ['a promise of an Observable of a batch', '/promised-batch', { a: 3 }],
    ['an empty Observable', '/empty', null],
    ['nothing', '/nothing', null],
  ])('%s', async (_, path, body) => {
    const app = await startApp(adapter, { controllers: [Results] });
    const answer = await app.post(path, {});
    expect(answer).toMatchObject({ status: 200, body });
    expect(answer.headers.get('content-type')).toBe('application/json; charset=utf-8');
  });

  it('any JSON value', async () => {
    const app = await startApp(adapter, { controllers: [Results] });
    for (const value of ['text', '', 0, false, null, [1, 'a'], { a: {} }]) {
      expect(await app.post('/scalar', { value })).toMatchObject({ status: 200, body: value });
    }
  });

  it('not nothing where the schema says otherwise', async () => {
    const app = await startApp(adapter, { controllers: [Results] });
    expect((await app.post('/empty-with-schema', {})).status).toBe(500);
  });

  it('a failure, late or early', async () => {
    const app = await startApp(adapter, { controllers: [Results] });
    expect((await app.post('/rejects', {})).body.error).toBe('rejected');
    expect((await app.post('/fails-late', {})).body.error).toBe('failed');
    expect((await app.post('/promised-failure', {})).body.error).toBe('failed');
    expect((await app.post('/never', {})).status).toBe(504);
  });

  it('an Observable that was promised is told to stop at the deadline', async () => {
    const app = await startApp(adapter, { controllers: [Results] });
    expect((await app.post('/promised-never', {})).status).toBe(504);
    await app.app.get(Results).unsubscribed;
  });
});
