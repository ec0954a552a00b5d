import { describe, expect, it } from 'vitest';
import { ConfigurationError } from '../../src/errors/index.js';
import { fillServeOptions, type ServeOptions } from '../../src/serve/serve-options.js';

describe('The options of serve()', () => {
  it('have defaults', () => {
    expect(fillServeOptions({}, {})).toEqual({
      port: 8000,
      host: '0.0.0.0',
      logLevels: ['warn', 'error', 'fatal'],
      jsonLogs: false,
      adapter: 'express',
      workers: 1,
      drainDelay: 0,
      shutdownTimeout: 30_000,
    });
  });

  const env = {
    PORT: '9000',
    LOG_LEVEL: 'ERROR',
    HTTP_ADAPTER: 'fastify',
    WORKERS: '3',
    DRAIN_DELAY_MS: '50',
    DOCS_PATH: '/docs',
    NODE_ENV: 'production',
  };

  it('come from the environment', () => {
    expect(fillServeOptions({}, env)).toMatchObject({
      port: 9000,
      logLevels: ['error', 'fatal'],
      jsonLogs: true,
      adapter: 'fastify',
      workers: 3,
      drainDelay: 50,
      docs: { path: '/docs' },
    });
  });

  it('win over the environment', () => {
    const options = {
      port: 0,
      host: '::1',
      logLevel: 'fatal',
      adapter: 'express',
      workers: 2,
      drainDelay: 0,
      shutdownTimeout: 5,
    } as const;
    const { logLevel: _, ...same } = options;
    expect(fillServeOptions(options, env)).toMatchObject({ ...same, logLevels: ['fatal'] });
  });

  it('take an empty variable as unset', () => {
    expect(fillServeOptions({}, { PORT: '', WORKERS: '' })).toMatchObject({
      port: 8000,
      workers: 1,
    });
  });

  it('take a page by its path, or with what its document says', () => {
    const document = { openapi: '3.0.0', info: { title: 'App', version: '1' } };
    const docs = { path: '/about/v1.0/docs', document };
    expect(fillServeOptions({ docs }, env).docs).toEqual(docs);
    expect(fillServeOptions({ docs: '/page' }, env).docs).toEqual({ path: '/page' });
    expect(fillServeOptions({ docs: false }, env).docs).toBeUndefined();
  });

  it.each([
    null,
    true,
    '',
    '/',
    'docs',
    '/docs/',
    '/:page',
    '/docs?all',
    {},
    { path: '/' },
    { path: '/docs', title: 'App' },
    { path: '/docs', document: {} },
    { path: '/docs', document: null },
  ])('refuse %j as a page', (docs) => {
    expect(() => fillServeOptions({ docs } as object, {})).toThrow(
      'serve(): option "docs" expected a path such as "/docs", or { path, document? }',
    );
  });

  it.each([
    ['verbose', 'NOTSET', 6],
    ['debug', 'Debug', 5],
    ['log', 'INFO', 4],
    ['warn', 'WARNING', 3],
    ['error', 'error', 2],
    ['fatal', 'CRITICAL', 1],
  ])('know the level %s by the names of Nest and Python, in any case', (nest, python, count) => {
    const { logLevels } = fillServeOptions({ logLevel: nest }, {});
    expect(logLevels[0]).toBe(nest);
    expect(logLevels).toHaveLength(count);
    expect(fillServeOptions({}, { LOG_LEVEL: python }).logLevels).toEqual(logLevels);
    expect(fillServeOptions({}, { LOG_LEVEL: nest.toUpperCase() }).logLevels).toEqual(logLevels);
  });

  it.each<[ServeOptions | object, Record<string, string>, string]>([
    [{ port: 70_000 }, {}, 'option "port" expected an integer from 0 to 65535, got 70000'],
    [{ port: '80' }, {}, 'option "port" expected an integer from 0 to 65535, got "80"'],
    [
      {},
      { PORT: '80x' },
      'environment variable PORT expected an integer from 0 to 65535, got "80x"',
    ],
    [
      {},
      { WORKERS: '0' },
      'environment variable WORKERS expected an integer from 1 to 1024, got "0"',
    ],
    [{ workers: 1.5 }, {}, 'option "workers" expected an integer from 1 to 1024, got 1.5'],
    [{ host: '' }, {}, 'option "host" expected an address or a host name, got ""'],
    [{ adapter: 'koa' }, {}, 'option "adapter" expected "express" or "fastify", got "koa"'],
    [{ logLevel: 'loud' }, {}, 'option "logLevel" expected one of verbose, debug, log,'],
    [{}, { LOG_LEVEL: 'constructor' }, 'environment variable LOG_LEVEL expected one of verbose,'],
    [
      {},
      { DRAIN_DELAY_MS: '-1' },
      'environment variable DRAIN_DELAY_MS expected an integer number',
    ],
    [{}, { DOCS_PATH: '80' }, 'environment variable DOCS_PATH expected a path such as "/docs"'],
    [{ shutdownTimeout: Infinity }, {}, 'option "shutdownTimeout" expected an integer number of'],
    [{ prot: 80 }, {}, 'unknown option "prot", expected one of port, host, logLevel, adapter,'],
  ])('refuse %j with %j', (options, variables, message) => {
    const fill = () => fillServeOptions(options, variables);
    expect(fill).toThrow(ConfigurationError);
    expect(fill).toThrow(message);
  });
});
