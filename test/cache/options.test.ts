import { Keyv } from 'keyv';
import { describe, expect, it } from 'vitest';
import { resolveCacheOptions, resolveEndpointCache } from '../../src/cache/index.js';
import { ConfigurationError } from '../../src/errors/index.js';

/** The one sentence a mistake is told in. */
function sentence(call: () => unknown): string {
  try {
    call();
  } catch (error) {
    expect(error).toBeInstanceOf(ConfigurationError);
    return (error as Error).message;
  }
  return expect.unreachable();
}

describe('the module’s cache options', () => {
  it('have defaults', () => {
    const defaults = {
      stores: undefined,
      ttl: 300_000,
      maxEntries: 100_000,
      maxBytes: 268_435_456,
      timeout: 250,
      namespace: 'nestjs-model-serving',
      clientControl: true,
    };
    expect(resolveCacheOptions(undefined, 'Module')).toEqual(defaults);
    expect(resolveCacheOptions({}, 'Module')).toEqual(defaults);
    expect(resolveCacheOptions({ stores: [], ttl: undefined }, 'Module')).toEqual(defaults);
  });

  it('are taken as they are given', () => {
    const given = {
      stores: [new Keyv()],
      ttl: 1,
      maxEntries: 2,
      maxBytes: 4,
      timeout: 3,
      namespace: '',
      clientControl: false,
    };
    expect(resolveCacheOptions(given, 'Module')).toEqual(given);
  });

  it.each([
    ['ttl', 0],
    ['ttl', -1],
    ['ttl', 1.5],
    ['ttl', Infinity],
    ['ttl', NaN],
    ['ttl', '1000'],
    ['ttl', null],
    ['maxEntries', 0],
    ['maxEntries', 2 ** 30],
    ['maxBytes', 0],
    ['maxBytes', 1.5],
    ['maxBytes', '1GB'],
    ['namespace', 1],
    ['namespace', null],
    ['clientControl', 'no'],
    ['timeout', 0],
    ['timeout', 2 ** 31],
    ['stores', new Keyv()],
    ['stores', ['redis://localhost']],
    ['stores', [new Map()]],
  ])('refuse %s: %o', (option, value) => {
    const message = sentence(() => resolveCacheOptions({ [option]: value }, 'Module'));
    expect(message).toMatch(new RegExp(`^Module: expected cache\\.${option} to be .+, got .+`));
  });

  it('refuse what they do not know', () => {
    expect(sentence(() => resolveCacheOptions({ tll: 1 } as object, 'Module'))).toContain('"tll"');
    expect(sentence(() => resolveCacheOptions(true as never, 'Module'))).toContain('got true');
  });
});

describe('an endpoint’s cache option', () => {
  it.each([undefined, false] as const)('%s is off', (option) => {
    expect(resolveEndpointCache(option, 5, 'Classifier')).toBeUndefined();
  });

  it('true takes the module’s ttl', () => {
    expect(resolveEndpointCache(true, 5, 'Classifier')).toEqual({
      ttl: 5,
      key: undefined,
      vary: [],
      shared: false,
    });
  });

  it('may set a ttl, a key, headers, and that all share it', () => {
    const key = () => 'k';
    expect(
      resolveEndpointCache(
        { ttl: 7, key, vary: ['Accept-Language', 'x-a'], shared: true },
        5,
        'Classifier',
      ),
    ).toEqual({ ttl: 7, key, vary: ['accept-language', 'x-a'], shared: true });
  });

  it.each([
    ['ttl', 0],
    ['ttl', -5],
    ['key', 'text'],
    ['vary', 'Accept'],
    ['vary', ['*']],
    ['vary', ['a b']],
    ['vary', ['']],
    ['vary', [1]],
    ['shared', 1],
    ['shared', 'yes'],
  ])('refuses %s: %o', (option, value) => {
    const message = sentence(() => resolveEndpointCache({ [option]: value }, 5, 'Classifier'));
    expect(message).toMatch(new RegExp(`^Classifier: expected cache\\.${option} to be .+, got .+`));
  });

  it.each([null, 1, 'yes', []])('refuses %o', (value) => {
    expect(sentence(() => resolveEndpointCache(value as never, 5, 'Classifier'))).toContain(
      'Classifier: expected cache to be true, false or an object, got',
    );
  });

  it('refuses what it does not know', () => {
    const message = sentence(() => resolveEndpointCache({ TTL: 1 } as object, 5, 'Classifier'));
    expect(message).toContain('"TTL"');
    expect(message).toMatch(/^Classifier/);
  });
});
