import { Controller, Get, Post, Version, VersioningType } from '@nestjs/common';
import { ModelEndpoint } from 'nestjs-model-serving';
import { register } from 'prom-client';
import { beforeEach, describe, expect, it } from 'vitest';
import { rawRequest } from '../http/raw-request.js';
import { ADAPTERS, startApp } from '../serving-app.js';
import { scrape, scrapeAtRest, type Scrape } from './scrape.js';

beforeEach(() => register.clear());

@ModelEndpoint('models/:name/predict', undefined, { cache: true })
class Parametrised {
  predict() {
    return {};
  }
}

@Controller('group')
class Methods {
  @ModelEndpoint('/one')
  one() {
    return {};
  }

  @ModelEndpoint('/two', undefined, { batch: {} })
  two(inputs: object[]) {
    return inputs;
  }

  @Post('host')
  host() {
    return {};
  }

  @Get('one')
  page() {
    return {};
  }
}

@Controller({ path: 'versioned', version: '2' })
class Versioned {
  @ModelEndpoint('/predict')
  predict() {
    return {};
  }

  @Version('3')
  @ModelEndpoint('/predict')
  next() {
    return {};
  }
}

const OURS = /^model_serving_/;

/** The values that a label has in any of the library's metrics. */
function values(found: Scrape, label: string): string[] {
  const ours = found.samples.filter(({ name }) => OURS.test(name));
  const all = ours.flatMap(({ labels }) => labels[label] ?? []);
  return [...new Set(all)].sort();
}

/** Every series, without its value. */
function series(found: Scrape): string[] {
  return found.samples
    .filter(({ name }) => OURS.test(name))
    .map(({ name, labels }) => `${name} ${JSON.stringify(labels)}`)
    .sort();
}

describe.each(ADAPTERS)('labels on %s', (adapter) => {
  it('name the endpoint by the template of its route, with every prefix', async () => {
    const app = await startApp(adapter, {
      controllers: [Parametrised, Methods],
      setUp: (nest) => nest.setGlobalPrefix('api'),
    });
    for (const name of ['a', 'b', 'c%20d']) await app.post(`/api/models/${name}/predict?q=1`, {});
    await app.post('/api/group/one', {});
    await app.post('/api/group/two', {});
    await app.post('/api/group/host', {});
    const found = await scrapeAtRest(app);
    expect(values(found, 'endpoint')).toEqual([
      '/api/group/one',
      '/api/group/two',
      '/api/models/:name/predict',
    ]);
    expect(found.by('endpoint', 'model_serving_requests_total')).toEqual({
      '/api/models/:name/predict': 3,
      '/api/group/one': 1,
      '/api/group/two': 1,
    });
  });

  it('have the version in them where it is in the route', async () => {
    const app = await startApp(adapter, {
      controllers: [Versioned],
      setUp: (nest) => nest.enableVersioning({ type: VersioningType.URI }),
    });
    await app.post('/v2/versioned/predict', {});
    await app.post('/v3/versioned/predict', {});
    await app.post('/v3/versioned/predict', {});
    expect((await scrapeAtRest(app)).by('endpoint', 'model_serving_requests_total')).toEqual({
      '/v2/versioned/predict': 1,
      '/v3/versioned/predict': 2,
    });
  });

  it('count versions of one route together where it is in a header', async () => {
    const app = await startApp(adapter, {
      controllers: [Versioned],
      setUp: (nest) => nest.enableVersioning({ type: VersioningType.HEADER, header: 'x-version' }),
    });
    for (const version of ['2', '3', '3'])
      expect((await app.post('/versioned/predict', {}, { 'x-version': version })).status).toBe(200);
    const found = await scrapeAtRest(app);
    expect(found.outcomes('/versioned/predict')).toEqual({ ok: 3 });
    expect(found.select('model_serving_in_flight')).toHaveLength(1);
  });

  it('are a closed set, whatever clients send', async () => {
    const app = await startApp(adapter, { controllers: [Parametrised, Methods] });
    const good: [string, unknown?, Record<string, string>?][] = [
      ['/group/one', {}],
      ['/group/one', '{'],
      ['/models/m/predict', {}],
      ['/models/m/predict', {}, { 'cache-control': 'no-cache' }],
      ['/group/two', {}],
    ];
    for (const request of good) await app.post(...request);
    const before = series(await scrapeAtRest(app));
    const total = (await scrape(app)).sum('model_serving_requests_total');

    for (let n = 0; n < 20; n++) {
      await app.post(`/models/m${n}/predict`, {}, { 'x-random': `${n}`, 'x-request-id': `r${n}` });
      await app.post('/group/one', {}, { 'content-type': `text/${n}`, 'x-forwarded-for': `${n}` });
      await app.post(`/group/one?${n}`, {}, { 'x-http-method-override': 'DELETE' });
      await app.post(`/nowhere/${n}`, {});
      await app.post(`/group/one/${n}`, {});
    }
    for (const method of ['GET', 'HEAD', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']) {
      await fetch(`${app.url}/group/one`, { method, headers: { connection: 'close' } });
    }
    await rawRequest(app.url, ['BREW /group/one HTTP/1.1', 'Content-Length: 0']);
    await rawRequest(app.url, ['POST /group/one HTTP/1.1', 'Content-Length: many']);

    const after = await scrapeAtRest(app);
    expect(series(after)).toEqual(before);
    expect(after.sum('model_serving_requests_total')).toBe(total + 60);
    expect(values(after, 'method')).toEqual(['POST']);
    const closed = ['cancelled', 'error', 'invalid', 'ok', 'rejected', 'timeout'];
    expect(values(after, 'outcome')).toEqual(closed);
    expect(values(after, 'result')).toEqual(['bypass', 'coalesced', 'error', 'hit', 'miss']);
    expect(values(after, 'reason')).toEqual(['delay', 'full', 'idle']);
    expect(values(after, 'direction')).toEqual(['request', 'response']);
    const names = new Set(
      after.samples.flatMap(({ name, labels }) => (OURS.test(name) ? Object.keys(labels) : [])),
    );
    expect([...names].sort()).toEqual([
      'direction',
      'endpoint',
      'le',
      'method',
      'node',
      'outcome',
      'reason',
      'result',
      'status',
      'version',
    ]);
  });

  it('show an endpoint from the start, before its first request', async () => {
    const app = await startApp(adapter, { controllers: [Methods] });
    const found = await scrape(app);
    const endpoint = '/group/one';
    expect(found.select('model_serving_requests_total', { endpoint })).toHaveLength(6);
    expect(found.sum('model_serving_requests_total')).toBe(0);
    for (const gauge of ['model_serving_in_flight', 'model_serving_queue_depth']) {
      expect(found.select(gauge, { endpoint }).map(({ value }) => value)).toEqual([0]);
    }
  });
});
