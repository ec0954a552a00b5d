import { describe, expect, it } from 'vitest';
import { AppModule } from '../../examples/language-detection-cached/app.module.js';
import { ADAPTERS, startExample } from './example-app.js';

describe.each(ADAPTERS)('language-detection-cached on %s', (adapter) => {
  it('answers the second time from memory, whatever the order of the keys', async () => {
    const app = await startExample(AppModule, adapter);
    const first = await app.post('/', { title: 'Guten Morgen', body: 'Wo ist der Bahnhof?' });
    const second = await app.post('/', { body: 'Wo ist der Bahnhof?', title: 'Guten Morgen' });
    expect(first).toMatchObject({ status: 200, cache: 'MISS', body: { language: 'de' } });
    expect(second).toEqual({ ...first, cache: 'HIT' });
  });

  it('asks the model about another text', async () => {
    const app = await startExample(AppModule, adapter);
    await app.post('/', { title: 'Guten Morgen' });
    const other = await app.post('/', { title: 'Доброе утро' });
    expect(other).toMatchObject({ status: 200, cache: 'MISS', body: { language: 'ru' } });
  });

  it('does not keep a refusal', async () => {
    const app = await startExample(AppModule, adapter);
    for (let i = 0; i < 2; i++) {
      const { status, cache } = await app.post('/', {});
      expect(status).toBe(400);
      expect(cache).not.toBe('HIT');
    }
  });
});
