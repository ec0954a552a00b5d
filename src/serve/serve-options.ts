import type { INestApplication, LogLevel } from '@nestjs/common';
import type { AbstractHttpAdapter } from '@nestjs/core';
import { ConfigurationError } from '../errors/index.js';
import { LONGEST_DELAY } from '../execution/index.js';
import { drainDelayFrom } from '../lifecycle/drain-delay.js';
import type { Role } from '../lifecycle/role.js';
import type { DocsOptions } from './docs.js';
import { LOG_LEVEL_NAMES, logLevelsFrom } from './log-levels.js';

/** Options of {@link serve}. Each wins over its environment variable; an empty variable counts as unset. */
export interface ServeOptions {
  /**
   * TCP port; 0 lets the system choose one. Environment: `PORT`.
   * @default 8000
   */
  readonly port?: number;
  /**
   * Address to listen on.
   * @default '0.0.0.0'
   */
  readonly host?: string;
  /**
   * The least severe level that is logged, in Nest's names (`verbose`, `debug`, `log`, `warn`, `error`,
   * `fatal`) or Python's (`notset`, `debug`, `info`, `warning`, `error`, `critical`), in any case.
   * Lines are JSON where `NODE_ENV` is `production`. Environment: `LOG_LEVEL`.
   * @default 'warn'
   */
  readonly logLevel?: string;
  /**
   * The framework under Nest; its package, `@nestjs/platform-express` or `@nestjs/platform-fastify`,
   * must be installed. Or an adapter of your own making, as `NestFactory.create()` takes it.
   * Environment: `HTTP_ADAPTER`.
   * @default 'express'
   * @example
   * ```ts
   * await serve(AppModule, { adapter: new FastifyAdapter({ trustProxy: true }) });
   * ```
   */
  readonly adapter?: 'express' | 'fastify' | AbstractHttpAdapter;
  /**
   * Sets up the app before it listens: prefix, CORS, versioning, global pipes. With workers, it is called
   * in each of them. What it throws ends the start. Signals are `serve()`'s own business:
   * `enableShutdownHooks()` changes nothing.
   * @default nothing is set up
   * @example
   * ```ts
   * await serve(AppModule, {
   *   configure(app) {
   *     app.setGlobalPrefix('api');
   *     app.enableCors();
   *   },
   * });
   * ```
   */
  configure?(app: INestApplication): unknown;
  /**
   * Processes that serve the port. With more than one, this process only supervises them.
   * Environment: `WORKERS`.
   * @default 1
   */
  readonly workers?: number;
  /**
   * What the processes are there for: `'worker'` only runs jobs, and serves the probes; endpoints are 404.
   * Environment: `SERVE_ROLE`.
   * @default 'all'
   */
  readonly role?: Role;
  /**
   * How long requests are served as before once the app is asked to stop and `/__ready` says 503, in
   * milliseconds: what the load balancer needs to notice. Environment: `DRAIN_DELAY_MS`.
   * @default 0
   */
  readonly drainDelay?: number;
  /**
   * How long, after `drainDelay`, queued and running requests may take to finish before they are cut,
   * in milliseconds.
   * @default 30_000
   */
  readonly shutdownTimeout?: number;
  /**
   * Where a page documents the endpoints and lets one try them: Swagger UI. It passes no guard. The app
   * has to install @nestjs/swagger, and @fastify/static on Fastify. `false` is no page.
   * Environment: `DOCS_PATH`.
   * @default no page
   * @example
   * ```ts
   * await serve(AppModule, { docs: '/docs' });
   * ```
   */
  readonly docs?: string | false | DocsOptions;
}

/** {@link ServeOptions} with every default in place. */
export interface FilledServeOptions {
  readonly port: number;
  readonly host: string;
  readonly logLevels: LogLevel[];
  readonly jsonLogs: boolean;
  readonly adapter: 'express' | 'fastify' | AbstractHttpAdapter;
  readonly configure: ServeOptions['configure'];
  readonly workers: number;
  readonly role: 'worker' | undefined;
  readonly drainDelay: number;
  readonly shutdownTimeout: number;
  readonly docs: DocsOptions | undefined;
}

type Environment = Readonly<Record<string, string | undefined>>;

/** What an option accepts: its value, or `undefined` for a value that will not do. */
interface Kind<T> {
  readonly expected: string;
  /** @param value as given in code, or the text of an environment variable. */
  read(value: unknown): T | undefined;
}

const KNOWN = new Set<string>([
  'port',
  'host',
  'logLevel',
  'adapter',
  'configure',
  'workers',
  'role',
  'drainDelay',
  'shutdownTimeout',
  'docs',
] satisfies (keyof ServeOptions)[]);

const PORT = integer(0, 65_535);
const WORKERS = integer(1, 1024);
const MILLISECONDS = integer(0, LONGEST_DELAY, 'an integer number of milliseconds');
const HOST: Kind<string> = {
  expected: 'an address or a host name',
  read: (value) => (typeof value === 'string' && value !== '' ? value : undefined),
};
const NAMED_ADAPTER: Kind<'express' | 'fastify'> = {
  expected: '"express" or "fastify"',
  read: (value) => (value === 'express' || value === 'fastify' ? value : undefined),
};
const ADAPTER: Kind<FilledServeOptions['adapter']> = {
  expected: NAMED_ADAPTER.expected,
  read: (value) => NAMED_ADAPTER.read(value) ?? (isHttpAdapter(value) ? value : undefined),
};
const CONFIGURE: Kind<NonNullable<ServeOptions['configure']>> = {
  expected: 'a function',
  read: (value) =>
    typeof value === 'function' ? (value as NonNullable<ServeOptions['configure']>) : undefined,
};
const ROLE: Kind<Role> = {
  expected: '"all" or "worker"',
  read: (value) => (value === 'all' || value === 'worker' ? value : undefined),
};
const LOG_LEVEL: Kind<LogLevel[]> = {
  expected: `one of ${LOG_LEVEL_NAMES.join(', ')}`,
  read: (value) => (typeof value === 'string' ? logLevelsFrom(value) : undefined),
};

const DOCS: Kind<DocsOptions | false> = {
  expected:
    'a path such as "/docs", or { path, document? } with what build() of DocumentBuilder gives',
  read(value) {
    if (value === false) return false;
    const docs = (typeof value === 'string' ? { path: value } : value) as DocsOptions | null;
    return isDocs(docs) ? docs : undefined;
  },
};

/**
 * @throws ConfigurationError for an unknown option or a bad value, naming the option or variable, what
 * was expected and what was got.
 */
export function fillServeOptions(options: ServeOptions, env: Environment): FilledServeOptions {
  for (const name of Object.keys(options)) {
    if (!KNOWN.has(name)) {
      throw new ConfigurationError(
        `serve(): unknown option "${name}", expected one of ${[...KNOWN].join(', ')}`,
      );
    }
  }
  const pick = <T>(
    option: keyof ServeOptions,
    variable: string | undefined,
    kind: Kind<T>,
    otherwise: T,
  ): T => {
    const given = options[option];
    if (given !== undefined) return accept(kind, `option "${option}"`, given, given);
    const text = variable === undefined ? undefined : env[variable];
    if (variable === undefined || text === undefined || text === '') return otherwise;
    return accept(kind, `environment variable ${variable}`, numeric(text), text);
  };
  return {
    port: pick('port', 'PORT', PORT, 8000),
    host: pick('host', undefined, HOST, '0.0.0.0'),
    logLevels: pick('logLevel', 'LOG_LEVEL', LOG_LEVEL, ['warn', 'error', 'fatal']),
    jsonLogs: env.NODE_ENV === 'production',
    adapter: pick('adapter', 'HTTP_ADAPTER', ADAPTER, 'express'),
    configure: pick('configure', undefined, CONFIGURE, undefined),
    workers: pick('workers', 'WORKERS', WORKERS, 1),
    role: pick('role', 'SERVE_ROLE', ROLE, 'all') === 'worker' ? 'worker' : undefined,
    drainDelay: pick('drainDelay', undefined, MILLISECONDS, drainDelayFrom(env)),
    shutdownTimeout: pick('shutdownTimeout', undefined, MILLISECONDS, 30_000),
    docs: pick('docs', 'DOCS_PATH', DOCS, false) || undefined,
  };
}

function accept<T>(kind: Kind<T>, name: string, value: unknown, given: unknown): T {
  const accepted = kind.read(value);
  if (accepted === undefined) {
    throw new ConfigurationError(`serve(): ${name} expected ${kind.expected}, got ${shown(given)}`);
  }
  return accepted;
}

function integer(least: number, most: number, what = 'an integer'): Kind<number> {
  return {
    expected: `${what} from ${least} to ${most}`,
    read: (value) =>
      typeof value === 'number' && Number.isInteger(value) && value >= least && value <= most
        ? value
        : undefined,
  };
}

/** A variable's text as a number where it is written as one in decimal digits. */
function numeric(text: string): string | number {
  return /^\d+$/.test(text) ? Number(text) : text;
}

/** An adapter may come from another copy of @nestjs/core, so that its class proves nothing. */
function isHttpAdapter(value: unknown): value is AbstractHttpAdapter {
  return typeof (value as Partial<AbstractHttpAdapter> | null)?.getHttpServer === 'function';
}

function isDocs(value: Partial<DocsOptions> | null): value is DocsOptions {
  if (typeof value !== 'object' || value === null) return false;
  const { path, document, ...rest } = value;
  const isPath = typeof path === 'string' && /^(?:\/[\w.~-]+)+$/.test(path);
  return isPath && isDocument(document) && Object.keys(rest).length === 0;
}

function isDocument(value: { readonly info?: unknown } | null | undefined): boolean {
  return value === undefined || (typeof value?.info === 'object' && value.info !== null);
}

function shown(value: unknown): string {
  return typeof value === 'string' ? JSON.stringify(value) : String(value);
}
