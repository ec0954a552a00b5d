import { UsePipes, type PipeTransform } from '@nestjs/common';
import { InvalidRequest, ModelEndpoint, type PredictContext } from 'nestjs-model-serving';
import { of } from 'rxjs';
import { register } from 'prom-client';
import { beforeEach, describe, expect, it } from 'vitest';
import { deferred } from '../endpoint/deferred.js';
import { scrapeAtRest } from '../metrics/scrape.js';
import { ADAPTERS, startApp, type RunningApp } from '../serving-app.js';
import { entrySchema } from './entry-schema.js';

let runs: unknown[] = [];
let keys = 0;
let gate = deferred();
beforeEach(() => {
  runs = [];
  keys = 0;
  gate = deferred();
  register.clear();
});

/** A key that tells when a request is about to join a run or to start one. */
function keyOf(text: string): string {
  keys++;
  return text;
}

class Trimming implements PipeTransform {
  transform(input: { text?: string }): object {
    if (input.text === 'refused') throw new InvalidRequest('refused by the pipe');
    return { ...input, text: input.text?.trim() };
  }
}

@UsePipes(Trimming)
@ModelEndpoint('/piped', undefined, { cache: { key: ({ text }) => keyOf(text) } })
class Piped {
  async predict(input: { text: string }) {
    runs.push(input);
    await gate.promise;
    return { input };
  }
}

@ModelEndpoint('/batched', entrySchema(), {
  cache: { key: ({ userName }: any) => keyOf(userName) },
  batch: { maxSize: 4 },
})
class Batched {
  async predict(inputs: { userName: string }[], contexts: PredictContext[]) {
    runs.push(inputs.map(({ userName }) => userName));
    contexts.forEach(({ signal }) => void signal);
    await gate.promise;
    return inputs.map(({ userName }) =>
      userName === 'bad' ? new InvalidRequest('bad') : { words: [userName] },
    );
  }
}

@ModelEndpoint('/late-key', undefined, {
  cache: { key: (async () => Promise.reject(new Error('Too late'))) as never },
})
class LateKey {
  predict() {
    return {};
  }
}

@ModelEndpoint('/observed', undefined, { cache: true })
class Observed {
  predict(input: object) {
    runs.push(input);
    return of('first', { input });
  }
}

const cacheOf = async (app: RunningApp, path: string, body: unknown = {}) =>
  (await app.post(path, body)).headers.get('x-cache');

describe.each(ADAPTERS)('the cache on %s', (adapter) => {
  it.each(['of the class', 'global'])('serves an endpoint with a pipe (%s)', async (where) => {
    const global = where === 'global';
    gate.resolve();
    const controllers = [global ? Observed : Piped];
    const app = await startApp(adapter, {
      controllers,
      setUp: (nest) => global && nest.useGlobalPipes(new Trimming()),
    });
    const path = global ? '/observed' : '/piped';
    const first = await app.post(path, { text: ' a ' });
    expect(first.headers.get('x-cache')).toBe('MISS');
    expect(first.body).toEqual({ input: { text: 'a' } });
    const second = await app.post(path, { text: ' a ' });
    expect(second.headers.get('x-cache')).toBe('HIT');
    expect(second.body).toEqual(first.body);
    expect(runs).toEqual([{ text: 'a' }]);
    for (let time = 0; time < 2; time++) {
      expect((await app.post(path, { text: 'refused' })).status).toBe(400);
    }
  });

  it('refuses where a key is a promise, which may fail', async () => {
    const app = await startApp(adapter, { controllers: [LateKey] });
    expect((await app.post('/late-key', {})).status).toBe(500);
  });

  it('lets identical requests share a run behind a pipe', async () => {
    const app = await startApp(adapter, { controllers: [Piped] });
    const first = app.post('/piped', { text: ' a' });
    await expect.poll(() => runs.length).toBe(1);
    const second = app.post('/piped', { text: ' a' });
    await expect.poll(() => keys).toBe(2);
    gate.resolve();
    expect((await first).body).toEqual({ input: { text: 'a' } });
    expect((await second).body).toEqual({ input: { text: 'a' } });
    expect(runs).toHaveLength(1);
  });

  it('stands before a batch: hits and identical requests take no place in it', async () => {
    const app = await startApp(adapter, { controllers: [Batched] });
    const opening = app.post('/batched', { userName: 'opening' });
    await expect.poll(() => runs.length).toBe(1);
    const requests = ['a', 'a', 'b', 'bad', 'a'].map((userName) =>
      app.post('/batched', { userName }),
    );
    await expect.poll(() => keys).toBe(6);
    gate.resolve();
    await opening;
    const answers = await Promise.all(requests);
    expect(answers.map(({ status, body }) => [status, body.words ?? body.error])).toEqual([
      [200, ['a']],
      [200, ['a']],
      [200, ['b']],
      [400, 'bad'],
      [200, ['a']],
    ]);
    expect((await scrapeAtRest(app)).lookups('/batched')).toEqual({ miss: 4, coalesced: 2 });
    expect(runs).toHaveLength(2);
    expect([...(runs[1] as string[])].sort()).toEqual(['a', 'b', 'bad']);
    // What failed is not kept, its neighbours are.
    expect(await cacheOf(app, '/batched', { user_name: 'b' })).toBe('HIT');
    expect((await app.post('/batched', { userName: 'bad' })).status).toBe(400);
    expect(runs[2]).toEqual(['bad']);
  });
});
