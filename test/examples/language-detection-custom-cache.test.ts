import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { AppModule } from '../../examples/language-detection-custom-cache/app.module.js';
import { redisMissing, startRedis } from '../redis-server.js';
import { ADAPTERS, startExample, type ExampleApp } from './example-app.js';

const ARTICLE = { title: 'Guten Morgen', body: 'Wo ist der Bahnhof?' };

async function untilHit(app: ExampleApp, body: object): Promise<void> {
  await vi.waitFor(async () => expect(await app.post('/', body)).toMatchObject({ cache: 'HIT' }), {
    timeout: 5_000,
  });
}

describe.each(ADAPTERS)('language-detection-custom-cache on %s', (adapter) => {
  afterEach(() => vi.unstubAllEnvs());

  it('keeps answers in a file that outlives the app', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'language-detection-'));
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
    const file = join(folder, 'answers.json');
    vi.stubEnv('CACHE', 'file');
    vi.stubEnv('CACHE_FILE', file);

    const first = await startExample(AppModule, adapter);
    expect(await first.post('/', ARTICLE)).toMatchObject({
      cache: 'MISS',
      body: { language: 'de' },
    });
    expect(await first.post('/', ARTICLE)).toMatchObject({ cache: 'HIT' });
    // The store writes its file a little later.
    await vi.waitFor(() => JSON.parse(readFileSync(file, 'utf8')), { timeout: 5_000 });
    await first.close();

    const second = await startExample(AppModule, adapter);
    expect(await second.post('/', ARTICLE)).toMatchObject({
      cache: 'HIT',
      body: { language: 'de' },
    });
  });

  it.skipIf(redisMissing)(`shares answers through Redis ${redisMissing || ''}`, async () => {
    const redis = await startRedis();
    onTestFinished(() => redis.stop());
    vi.stubEnv('CACHE', 'redis');
    vi.stubEnv('REDIS_URL', redis.url);

    const first = await startExample(AppModule, adapter);
    const second = await startExample(AppModule, adapter);
    // A text of its own for each, until both are connected.
    await untilHit(first, { title: 'first' });
    await untilHit(second, { title: 'second' });

    const answer = await first.post('/', ARTICLE);
    expect(answer).toMatchObject({ status: 200, cache: 'MISS', body: { language: 'de' } });
    await untilHit(first, ARTICLE);
    expect(await second.post('/', ARTICLE)).toEqual({ ...answer, cache: 'HIT' });
  });

  it('answers without a Redis, too', async () => {
    vi.stubEnv('CACHE', 'redis');
    vi.stubEnv('REDIS_URL', 'redis://127.0.0.1:1');
    const app = await startExample(AppModule, adapter);
    for (let i = 0; i < 2; i++) {
      expect(await app.post('/', ARTICLE)).toMatchObject({ status: 200, cache: 'MISS' });
    }
  });

  it('does not start with a store it does not know', async () => {
    vi.stubEnv('CACHE', 'memcached');
    await expect(startExample(AppModule, adapter)).rejects.toThrow(
      'CACHE: expected "file" or "redis", got "memcached"',
    );
  });
});
