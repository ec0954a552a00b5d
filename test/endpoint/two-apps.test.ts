import { ModelEndpoint } from 'nestjs-model-serving';
import { describe, expect, it } from 'vitest';
import { ADAPTERS, startApp } from '../serving-app.js';

@ModelEndpoint('/count', undefined, { cache: true })
class Counter {
  #calls = 0;
  predict() {
    return { calls: ++this.#calls };
  }
}

describe('one class in two apps of a process', () => {
  it.each(ADAPTERS)('serves both, on %s and on either other', async (adapter) => {
    for (const other of ADAPTERS) {
      const first = await startApp(adapter, {
        controllers: [Counter],
        setUp: (app) => app.setGlobalPrefix('first'),
      });
      const second = await startApp(other, {
        controllers: [Counter],
        options: { defaults: { bodyLimit: 5 } },
      });
      const miss = { headers: { 'cache-control': 'no-cache' } }.headers;
      expect((await first.post('/first/count', {})).body).toEqual({ calls: 1 });
      expect((await first.post('/first/count', {}, miss)).body).toEqual({ calls: 2 });
      expect((await second.post('/count', {})).body).toEqual({ calls: 1 });
      expect((await second.post('/count', { long: true })).status).toBe(413);
      expect((await first.post('/first/count', { long: true })).body).toEqual({ calls: 3 });
      await first.close();
      expect((await second.post('/count', {}, miss)).body).toEqual({ calls: 2 });
    }
  });
});
