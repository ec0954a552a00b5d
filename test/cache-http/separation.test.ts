import { Controller, Version, VersioningType, type Type } from '@nestjs/common';
import { Keyv } from 'keyv';
import { ModelEndpoint, type EndpointCacheOptions, type SchemaSource } from 'nestjs-model-serving';
import { describe, expect, it } from 'vitest';
import { ADAPTERS, startApp } from '../serving-app.js';
import { entrySchema, widerSchema } from './entry-schema.js';

let runs = 0;

function model(options: {
  schema?: SchemaSource;
  version?: string;
  cache?: EndpointCacheOptions;
}): Type {
  const { schema, version, cache = true } = options;
  @ModelEndpoint('/model', schema, { cache, ...(version === undefined ? {} : { version }) })
  class Model {
    predict() {
      return { run: ++runs };
    }
  }
  return Model;
}

@Controller()
class Twins {
  @ModelEndpoint('/left', entrySchema(), { cache: true })
  left() {
    return { run: ++runs };
  }

  @ModelEndpoint('/right', entrySchema(), { cache: true })
  right() {
    return { run: ++runs };
  }

  @ModelEndpoint('/keyed-left', undefined, { cache: { key: () => 'k' } })
  keyedLeft() {
    return { run: ++runs };
  }

  @ModelEndpoint('/keyed-right', undefined, { cache: { key: () => 'k' } })
  keyedRight() {
    return { run: ++runs };
  }

  @ModelEndpoint('/of/:name', undefined, { cache: true })
  named() {
    return { run: ++runs };
  }

  @ModelEndpoint('/vary', undefined, { cache: { vary: ['Accept-Language', 'X-Tenant'] } })
  vary() {
    return { run: ++runs };
  }
}

/** A class of one name for each version, as two files of an app may have them. */
function versionOf(version: string): Type {
  @Controller({ version })
  class Predictor {
    @ModelEndpoint('/versioned', undefined, { cache: true })
    predict() {
      return { version };
    }
  }
  return Predictor;
}

@Controller()
class VersionedMethods {
  @Version('1')
  @ModelEndpoint('/versioned', undefined, { cache: true })
  first() {
    return { version: '1' };
  }

  @Version('2')
  @ModelEndpoint('/versioned', undefined, { cache: true })
  second() {
    return { version: '2' };
  }
}

describe.each(ADAPTERS)('entries kept apart on %s', (adapter) => {
  it.each([
    ['/left', '/right'],
    ['/keyed-left', '/keyed-right'],
  ])('%s and %s of one class', async (one, other) => {
    const app = await startApp(adapter, { controllers: [Twins] });
    const first = await app.post(one, { userName: 'a' });
    if (one === '/keyed-left') await app.post(one, { userName: 'b' });
    const second = await app.post(other, { userName: 'a' });
    expect(second.headers.get('x-cache')).toBe('MISS');
    expect(second.body).not.toEqual(first.body);
    expect((await app.post(one, { userName: 'a' })).headers.get('x-cache')).toBe('HIT');
  });

  it.each<[string, Type, Type, 'HIT' | 'MISS']>([
    ['the same model', model({}), model({}), 'HIT'],
    ['a new version', model({ version: '1' }), model({ version: '2' }), 'MISS'],
    ['a first version', model({}), model({ version: '1' }), 'MISS'],
    ['the same schema', model({ schema: entrySchema() }), model({ schema: entrySchema() }), 'HIT'],
    ['a new schema', model({ schema: entrySchema() }), model({ schema: widerSchema() }), 'MISS'],
    ['a first schema', model({}), model({ schema: entrySchema() }), 'MISS'],
  ])('or not, of two apps on one store: %s', async (_, one, other, expected) => {
    const options = { cache: { stores: [new Keyv()] } };
    const first = await startApp(adapter, { controllers: [one], options });
    const second = await startApp(adapter, { controllers: [other], options });
    const input = { userName: 'a' };
    await first.post('/model', input);
    expect((await first.post('/model', input)).headers.get('x-cache')).toBe('HIT');
    expect((await second.post('/model', input)).headers.get('x-cache')).toBe(expected);
  });

  it('by the headers of vary, and by no other', async () => {
    const app = await startApp(adapter, { controllers: [Twins] });
    const ask = async (headers: Record<string, string>) =>
      (await app.post('/vary', {}, headers)).headers.get('x-cache');
    expect(await ask({ 'accept-language': 'de', 'x-tenant': 'a' })).toBe('MISS');
    expect(await ask({ 'ACCEPT-LANGUAGE': 'de', 'X-Tenant': 'a', 'x-more': '1' })).toBe('HIT');
    expect(await ask({ 'accept-language': 'fr', 'x-tenant': 'a' })).toBe('MISS');
    expect(await ask({ 'accept-language': 'a', 'x-tenant': 'de' })).toBe('MISS');
    expect(await ask({ 'accept-language': 'de' })).toBe('MISS');
    expect(await ask({ 'accept-language': 'dea' })).toBe('MISS');
    expect(await ask({ 'accept-language': 'de', 'x-tenant': 'a' })).toBe('HIT');
  });

  it.each<[string, Type[]]>([
    ['methods', [VersionedMethods]],
    ['classes of one name', [versionOf('1'), versionOf('2')]],
  ])('by the version of the route, where a header tells it (%s)', async (_, controllers) => {
    const app = await startApp(adapter, {
      controllers,
      setUp: (nest) => nest.enableVersioning({ type: VersioningType.HEADER, header: 'x-version' }),
    });
    for (const cache of ['MISS', 'HIT']) {
      for (const version of ['1', '2']) {
        const { body, headers } = await app.post('/versioned', {}, { 'x-version': version });
        expect([version, body, headers.get('x-cache')]).toEqual([version, { version }, cache]);
      }
    }
  });
});
