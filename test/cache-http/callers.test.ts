import {
  Controller,
  Injectable,
  Scope,
  SetMetadata,
  UseGuards,
  type CanActivate,
  type ExecutionContext,
  type Provider,
  type Type,
} from '@nestjs/common';
import { APP_GUARD } from '@nestjs/core';
import {
  ModelEndpoint,
  type EndpointCacheOptions,
  type PredictContext,
} from 'nestjs-model-serving';
import { register } from 'prom-client';
import { beforeEach, describe, expect, it } from 'vitest';
import { scrapeAtRest } from '../metrics/scrape.js';
import { ADAPTERS, createApp, startApp, type Adapter, type AppUnderTest } from '../serving-app.js';

let runs = 0;
beforeEach(() => {
  runs = 0;
  register.clear();
});

class Gatekeeper implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    return context.switchToHttp().getRequest().headers['x-key'] !== 'wrong';
  }
}

@Injectable({ scope: Scope.REQUEST })
class PerRequestGatekeeper extends Gatekeeper {}

/** An endpoint that answers who asked. */
function answering(cache: EndpointCacheOptions | undefined): Type {
  @ModelEndpoint('/who', undefined, cache === undefined ? {} : { cache })
  class Who {
    predict(_: object, { headers }: PredictContext) {
      return { run: ++runs, who: headers.authorization ?? headers['x-key'] ?? 'nobody' };
    }
  }
  return Who;
}

function guardedClass(cache: EndpointCacheOptions): Type {
  const Who = answering(cache);
  UseGuards(Gatekeeper)(Who);
  return Who;
}

function guardedMethod(cache: EndpointCacheOptions): Type {
  class Who {
    predict() {
      return { run: ++runs };
    }
  }
  const descriptor = Object.getOwnPropertyDescriptor(Who.prototype, 'predict')!;
  UseGuards(Gatekeeper)(Who.prototype, 'predict', descriptor);
  ModelEndpoint('/who', undefined, { cache })(Who);
  return Who;
}

function guardedMethodAbove(cache: EndpointCacheOptions): Type {
  @Controller()
  class Who {
    @SetMetadata('public', false)
    @UseGuards(new Gatekeeper())
    @ModelEndpoint('/who', undefined, { cache })
    ask() {
      return { run: ++runs };
    }
  }
  return Who;
}

function guardedParent(cache: EndpointCacheOptions): Type {
  class Who extends guardedClass(cache) {}
  return Who;
}

const global = (provider: Provider) => (cache: EndpointCacheOptions) => ({
  controllers: [answering(cache)],
  providers: [Gatekeeper, provider],
});

/** Every way to put a guard before an endpoint. */
const GUARDED: [string, (cache: EndpointCacheOptions) => AppUnderTest][] = [
  ['on the class', (cache) => ({ controllers: [guardedClass(cache)] })],
  ['on predict', (cache) => ({ controllers: [guardedMethod(cache)] })],
  ['on a method', (cache) => ({ controllers: [guardedMethodAbove(cache)] })],
  ['on the parent of the class', (cache) => ({ controllers: [guardedParent(cache)] })],
  ['by APP_GUARD', global({ provide: APP_GUARD, useClass: Gatekeeper })],
  ['by APP_GUARD with an instance', global({ provide: APP_GUARD, useValue: new Gatekeeper() })],
  [
    'by APP_GUARD with a factory',
    global({ provide: APP_GUARD, useFactory: () => new Gatekeeper() }),
  ],
  ['by APP_GUARD with another provider', global({ provide: APP_GUARD, useExisting: Gatekeeper })],
  [
    'by useGlobalGuards',
    (cache) => ({
      controllers: [answering(cache)],
      setUp: (nest) => nest.useGlobalGuards(new Gatekeeper()),
    }),
  ],
];

/** What stops an app at boot. */
async function bootError(adapter: Adapter, parts: AppUnderTest): Promise<Error> {
  const app = await createApp(adapter, parts);
  parts.setUp?.(app);
  try {
    await app.init();
  } catch (error) {
    return error as Error;
  }
  await app.close();
  return expect.unreachable('the app has started');
}

const bearer = (name: string) => ({ authorization: `Bearer ${name}` });

describe.each(ADAPTERS)('cached answers of several callers on %s', (adapter) => {
  it.each(GUARDED)('are refused at boot behind a guard %s', async (_, make) => {
    for (const cache of [true, { ttl: 1_000, vary: [], shared: false }]) {
      const error = await bootError(adapter, make(cache));
      expect(error.name).toBe('ConfigurationError');
      expect(error.message).toMatch(/^Who(\.ask)?: expected cache\.key or cache\.vary .+, got .+/);
      expect(error.message).toContain('shared: true');
      expect(error.message).toContain('ThrottlerGuard');
    }
  });

  it.each(GUARDED)('are allowed with shared: true behind a guard %s', async (_, make) => {
    const app = await startApp(adapter, make({ shared: true }));
    expect((await app.post('/who', {})).headers.get('x-cache')).toBe('MISS');
    expect((await app.post('/who', {})).headers.get('x-cache')).toBe('HIT');
    const refused = await app.post('/who', {}, { 'x-key': 'wrong' });
    expect([refused.status, refused.headers.get('x-cache')]).toEqual([403, null]);
  });

  it.each<[string, EndpointCacheOptions]>([
    ['a key', { key: (_, { headers }) => headers['x-key'] as string }],
    ['vary', { vary: ['X-Key'] }],
  ])('are allowed with %s behind a guard, and kept apart by it', async (_, cache) => {
    const app = await startApp(adapter, { controllers: [guardedClass(cache)] });
    const ask = async (key: string) => {
      const { headers, body } = await app.post('/who', {}, { 'x-key': key });
      return [headers.get('x-cache'), body.who];
    };
    expect(await ask('ann')).toEqual(['MISS', 'ann']);
    expect(await ask('bob')).toEqual(['MISS', 'bob']);
    expect(await ask('ann')).toEqual(['HIT', 'ann']);
  });

  it('are refused where the defaults turn the cache on, unless the endpoint turns it off', async () => {
    const setUp: AppUnderTest['setUp'] = (nest) => nest.useGlobalGuards(new Gatekeeper());
    const options = { defaults: { cache: true } };
    const parts = { controllers: [answering(undefined)], options, setUp };
    expect((await bootError(adapter, parts)).message).toContain('shared: true');
    const off = await startApp(adapter, { controllers: [answering(false)], options, setUp });
    expect((await off.post('/who', {})).headers.get('x-cache')).toBeNull();
    const shared = await startApp(adapter, {
      controllers: [answering(undefined)],
      options: { defaults: { cache: { shared: true } } },
      setUp,
    });
    await shared.post('/who', {});
    expect((await shared.post('/who', {})).headers.get('x-cache')).toBe('HIT');
  });

  it.each<[string, EndpointCacheOptions]>([
    ['true', true],
    ['a vary of other headers', { vary: ['x-key'] }],
  ])('with Authorization go past a cache that says %s', async (_, cache) => {
    const app = await startApp(adapter, { controllers: [answering(cache)] });
    for (const [run, name] of ['ann', 'ann', 'bob', ''].entries()) {
      const { headers, body } = await app.post('/who', {}, bearer(name));
      expect(headers.get('x-cache')).toBe('BYPASS');
      expect(headers.get('age')).toBeNull();
      expect(body).toEqual({ run: run + 1, who: `Bearer ${name}`.trim() });
    }
    // Nor was anything kept for those without, or is what is kept for those shown to those with.
    expect(await app.post('/who', {})).toMatchObject({ body: { run: 5, who: 'nobody' } });
    expect((await app.post('/who', {})).headers.get('x-cache')).toBe('HIT');
    expect((await app.post('/who', {}, bearer('ann'))).body).toMatchObject({ who: 'Bearer ann' });
    const noCache = { ...bearer('ann'), 'cache-control': 'no-cache' };
    expect((await app.post('/who', {}, noCache)).headers.get('x-cache')).toBe('BYPASS');
    expect((await app.post('/who', {})).body).toEqual({ run: 5, who: 'nobody' });
    expect((await scrapeAtRest(app)).lookups('/who')).toEqual({ bypass: 6, miss: 1, hit: 2 });
  });

  it('with Authorization share no run', async () => {
    let begun = 0;
    const waiting: (() => void)[] = [];
    @ModelEndpoint('/slow', undefined, { cache: true })
    class Slow {
      async predict(_: object, { headers }: PredictContext) {
        begun++;
        await new Promise<void>((resolve) => waiting.push(resolve));
        return { who: headers.authorization ?? 'nobody' };
      }
    }
    const app = await startApp(adapter, { controllers: [Slow] });
    const names = ['ann', 'bob', 'ann'];
    const answers = [
      app.post('/slow', {}),
      ...names.map((name) => app.post('/slow', {}, bearer(name))),
    ];
    await expect.poll(() => begun).toBe(4);
    for (const go of waiting) go();
    expect((await Promise.all(answers)).map(({ body }) => body.who)).toEqual([
      'nobody',
      'Bearer ann',
      'Bearer bob',
      'Bearer ann',
    ]);
  });

  it.each<[string, EndpointCacheOptions, string[]]>([
    ['vary names it', { vary: ['X-Key', 'AUTHORIZATION'] }, ['MISS', 'HIT', 'MISS', 'MISS']],
    [
      'a key tells callers apart',
      { key: (_, { headers }) => String(headers.authorization) },
      ['MISS', 'HIT', 'MISS', 'MISS'],
    ],
    ['all share', { shared: true }, ['MISS', 'HIT', 'HIT', 'HIT']],
  ])('with Authorization are cached where %s', async (_, cache, expected) => {
    const app = await startApp(adapter, { controllers: [answering(cache)] });
    const found: unknown[] = [];
    for (const headers of [bearer('ann'), bearer('ann'), bearer('bob'), {}]) {
      const answer = await app.post('/who', {}, headers);
      found.push(answer.headers.get('x-cache'));
    }
    expect(found).toEqual(expected);
  });
});

@Injectable({ scope: Scope.REQUEST })
class PerRequest {}

@Injectable({ scope: Scope.REQUEST, durable: true })
class Durable {}

@Injectable()
class Between {
  constructor(readonly perRequest: PerRequest) {}
}

const SCOPED: [string, (cache: EndpointCacheOptions) => AppUnderTest][] = [
  ...([PerRequest, Durable, Between] as Type[]).map(
    (Dependency) =>
      [
        `for its ${Dependency.name}`,
        (cache: EndpointCacheOptions) => {
          @ModelEndpoint('/who', undefined, { cache })
          class Who {
            constructor(readonly dependency: InstanceType<typeof Dependency>) {}
            predict() {
              return { run: ++runs };
            }
          }
          Reflect.defineMetadata('design:paramtypes', [Dependency], Who);
          return { controllers: [Who], providers: [PerRequest, Durable, Between] };
        },
      ] as [string, (cache: EndpointCacheOptions) => AppUnderTest],
  ),
  [
    'by its own word',
    (cache) => {
      @Controller({ scope: Scope.REQUEST })
      class Who {
        @ModelEndpoint('/who', undefined, { cache })
        predict() {
          return { run: ++runs };
        }
      }
      return { controllers: [Who] };
    },
  ],
  [
    'for a guard of the app',
    (cache) => ({
      controllers: [answering(cache)],
      providers: [{ provide: APP_GUARD, scope: Scope.REQUEST, useClass: PerRequestGatekeeper }],
    }),
  ],
];

describe.each(ADAPTERS)('a cached class that is made for each request, on %s', (adapter) => {
  it.each(SCOPED)('(%s) is refused without a key', async (_, make) => {
    for (const cache of [true, { vary: ['x-key'], shared: true }]) {
      const error = await bootError(adapter, make(cache));
      expect(error.name).toBe('ConfigurationError');
      expect(error.message).toMatch(/^Who: expected cache\.key beside a request scope, .+, got .+/);
    }
  });

  it.each(SCOPED)('(%s) is cached by its key', async (_, make) => {
    const app = await startApp(adapter, make({ key: (input) => String(input.n) }));
    const cacheOf = async (n: number) => (await app.post('/who', { n })).headers.get('x-cache');
    expect([await cacheOf(1), await cacheOf(1), await cacheOf(2)]).toEqual(['MISS', 'HIT', 'MISS']);
  });
});
