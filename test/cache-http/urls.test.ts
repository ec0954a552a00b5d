import { Controller, VersioningType, type Type } from '@nestjs/common';
import { Keyv } from 'keyv';
import { ModelEndpoint, type PredictContext } from 'nestjs-model-serving';
import { request } from 'node:http';
import { beforeEach, describe, expect, it } from 'vitest';
import { ADAPTERS, startApp, type Adapter, type RunningApp } from '../serving-app.js';

let runs = 0;
beforeEach(() => void (runs = 0));

@Controller()
class Models {
  @ModelEndpoint('/plain', undefined, { cache: true })
  plain() {
    return { run: ++runs };
  }

  @ModelEndpoint('/keyed/:tenant', undefined, { cache: { key: () => 'one for all inputs' } })
  keyed() {
    return { run: ++runs };
  }

  @ModelEndpoint('/tenants/:tenant/models/:model', undefined, { cache: true })
  parameters() {
    return { run: ++runs };
  }
}

/** The adapters write a wildcard in ways of their own. */
function wildcard(adapter: Adapter): Type {
  @ModelEndpoint(adapter === 'fastify' ? '/files/*' : '/files/*path', undefined, { cache: true })
  class Files {
    predict() {
      return { run: ++runs };
    }
  }
  return Files;
}

async function told(
  app: RunningApp,
  path: string,
  body: unknown = {},
): Promise<[unknown, unknown]> {
  const answer = await app.post(path, body);
  return [answer.headers.get('x-cache'), answer.body.run];
}

/** A request to a host of one's choice, which fetch does not allow. */
function postTo(host: string, { url }: RunningApp, path: string): Promise<[unknown, unknown]> {
  return new Promise((resolve, reject) => {
    const sent = request(url + path, { method: 'POST', headers: { host }, agent: false });
    sent.on('error', reject).on('response', (response) => {
      let text = '';
      response.on('data', (chunk) => (text += chunk));
      response.on('end', () => resolve([response.headers['x-cache'], JSON.parse(text).host]));
    });
    sent.end('{}');
  });
}

describe.each(ADAPTERS)('cached answers of several URLs on %s', (adapter) => {
  it('are kept apart by parameters and query, however a key is made', async () => {
    const app = await startApp(adapter, { controllers: [Models, wildcard(adapter)] });
    const urls = [
      '/plain',
      '/plain?a=1',
      '/plain?a=2',
      '/plain?a=1&a=2',
      '/plain?a=2&a=1',
      '/plain?a=1&b=2',
      '/plain?a',
      '/plain?__proto__=1',
      '/plain?a=%C3%BC',
      '/plain?a=u%CC%88',
      '/keyed/ann',
      '/keyed/bob',
      '/keyed/bob?a=1',
      '/tenants/ann/models/1',
      '/tenants/bob/models/1',
      '/tenants/1/models/ann',
      '/tenants/ann%2Fmodels/models/1',
      '/files/a/b',
      '/files/a/b/c',
      '/files/a',
    ];
    for (const [index, url] of urls.entries()) {
      expect([url, await told(app, url)]).toEqual([url, ['MISS', index + 1]]);
    }
    for (const [index, url] of urls.entries()) {
      expect([url, await told(app, url)]).toEqual([url, ['HIT', index + 1]]);
    }
  });

  it('are one where the URLs say the same', async () => {
    const app = await startApp(adapter, { controllers: [Models] });
    await told(app, '/plain?a=1&b=x%20y');
    for (const query of ['b=x+y&a=1', 'a=%31&b=x%20y', '&a=1&&b=x y']) {
      expect(await told(app, `/plain?${query}`)).toEqual(['HIT', 1]);
    }
    await told(app, '/plain');
    expect(await told(app, '/plain?')).toEqual(['HIT', 2]);
    await told(app, '/tenants/ann/models/1');
    expect(await told(app, '/tenants/%61nn/models/1')).toEqual(['HIT', 3]);
  });

  it('are kept apart by the parameters of a global prefix, and behind interceptors', async () => {
    const app = await startApp(adapter, {
      controllers: [Models],
      setUp: (nest) => {
        nest.setGlobalPrefix('/of/:app');
        nest.enableVersioning({ type: VersioningType.URI });
        nest.useGlobalInterceptors({ intercept: (_, next) => next.handle() });
      },
    });
    expect(await told(app, '/of/ann/plain')).toEqual(['MISS', 1]);
    expect(await told(app, '/of/bob/plain')).toEqual(['MISS', 2]);
    expect(await told(app, '/of/bob/plain?a=1')).toEqual(['MISS', 3]);
    expect(await told(app, '/of/ann/plain')).toEqual(['HIT', 1]);
    expect(await told(app, '/of/bob/plain?a=1')).toEqual(['HIT', 3]);
  });

  it('are kept apart by a host that has parameters', async () => {
    @Controller({ host: ':tenant.example.com' })
    class Hosted {
      @ModelEndpoint('/hosted', undefined, { cache: true })
      predict(_: object, { headers }: PredictContext) {
        return { host: headers['host'] };
      }
    }
    const app = await startApp(adapter, { controllers: [Hosted] });
    for (const cache of ['MISS', 'HIT']) {
      for (const host of ['ann.example.com', 'bob.example.com']) {
        expect(await postTo(host, app, '/hosted')).toEqual([cache, host]);
      }
    }
  });
});

/** The same endpoint, as a file that two apps share. */
function counting(): Type {
  @ModelEndpoint('/count', undefined, { cache: true })
  class Counting {
    predict() {
      return { run: ++runs };
    }
  }
  return Counting;
}

describe.each(ADAPTERS)('cached answers of several apps on one store, on %s', (adapter) => {
  it.each<[string, string | undefined, string | undefined, 'HIT' | 'MISS']>([
    ['of one namespace', 'shop', 'shop', 'HIT'],
    ['of two namespaces', 'shop', 'bank', 'MISS'],
    ['of none and one', undefined, 'shop', 'MISS'],
    ['of none', undefined, undefined, 'HIT'],
    ['of none and the name of the package', undefined, 'nestjs-model-serving', 'HIT'],
  ])('%s', async (_, one, other, expected) => {
    const stores = [new Keyv()];
    const start = (namespace: string | undefined) =>
      startApp(adapter, {
        controllers: [counting()],
        options: { cache: { stores, ...(namespace === undefined ? {} : { namespace }) } },
      });
    const [first, second] = [await start(one), await start(other)];
    expect(await told(first, '/count')).toEqual(['MISS', 1]);
    expect((await told(second, '/count'))[0]).toBe(expected);
    expect(await told(first, '/count')).toEqual(['HIT', 1]);
  });
});
