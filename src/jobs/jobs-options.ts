import cluster from 'node:cluster';
import { appName } from '../cache/app-name.js';
import { ConfigurationError } from '../errors/index.js';
import { isWorkerProcess } from '../lifecycle/role.js';

/** What `JobsModule.forRoot` can be told. Times are milliseconds. */
export interface JobsModuleOptions {
  /**
   * The Redis that keeps the jobs: an address (`redis://localhost:6379`), options of ioredis, with a `url` or
   * without, or a client of it, from which connections are made. `'memory'` keeps them in this process: for a
   * first try and for tests, since they end with it; it is refused where `NODE_ENV` is `production`, and where
   * another process would be asked for them. The types of ioredis are not named here, since jobs in memory do
   * not need its package.
   */
  connection: string | object;
  /**
   * Whether this process runs jobs, besides taking them. `serve(AppModule, { role: 'worker' })` runs them in
   * any case.
   * @default true
   */
  process?: boolean;
  /**
   * How long the result of a job is kept, and its `Idempotency-Key` counts.
   * @default 86_400_000, a day
   */
  resultTtl?: number;
  /**
   * What sets the jobs of apps apart that share a Redis. Processes that are to work together have one.
   * @default the `name` of the app's package.json
   */
  namespace?: string;
  /**
   * The pause before the second run of a job that failed; twice as long before each further one.
   * @default 1_000
   */
  backoff?: number;
  /**
   * How long a worker may be silent before its jobs are another's: one that was killed costs its jobs up
   * to one and a half times this. A handler that blocks the event loop for longer loses its job.
   * @default 30_000
   */
  lockDuration?: number;
}

/** {@link JobsModuleOptions}, checked and with every default filled in. */
export type FilledJobsOptions = Required<JobsModuleOptions>;

const OWNER = 'JobsModule';
const KNOWN = [
  'connection',
  'process',
  'resultTtl',
  'namespace',
  'backoff',
  'lockDuration',
] as const satisfies readonly (keyof JobsModuleOptions)[];

/** @throws {ConfigurationError} */
export function fillJobsOptions(options: JobsModuleOptions): FilledJobsOptions {
  if (!isObject(options)) {
    throw ConfigurationError.expected(OWNER, 'its options', 'an object', options);
  }
  ConfigurationError.refuseUnknown(OWNER, options, KNOWN);
  const {
    connection,
    process: runs = true,
    resultTtl = 86_400_000,
    namespace = appName(),
    backoff = 1_000,
    lockDuration = 30_000,
  } = options;
  const expect = (isRight: boolean, option: string, expected: string, got: unknown) => {
    if (!isRight) throw ConfigurationError.expected(OWNER, option, expected, got);
  };
  expect(
    isConnection(connection),
    'connection',
    "'memory', a redis:// or rediss:// address, options of ioredis or a client of it",
    connection,
  );
  const place = connection === 'memory' ? placeForRedis() : undefined;
  if (place !== undefined) {
    throw new ConfigurationError(
      `${OWNER}: expected connection to name a Redis ${place}, got 'memory', whose jobs end with the process and are known to no other`,
    );
  }
  const keyPrefix = keyPrefixOf(connection);
  expect(
    !keyPrefix,
    'connection',
    'without keyPrefix, of which BullMQ knows nothing: namespace sets apps apart',
    keyPrefix,
  );
  expect(typeof runs === 'boolean', 'process', 'a boolean', runs);
  expect(typeof namespace === 'string', 'namespace', 'a string', namespace);
  for (const [name, value] of Object.entries({ resultTtl, backoff })) {
    expect(isTime(value, 1), name, 'a whole number of milliseconds, at least 1', value);
  }
  expect(
    isTime(lockDuration, 1_000),
    'lockDuration',
    'a whole number of milliseconds, at least 1000',
    lockDuration,
  );
  return { connection, process: runs, resultTtl, namespace, backoff, lockDuration };
}

/** Where jobs in memory would be lost, or asked for in another process; `undefined` where they are not. */
function placeForRedis(): string | undefined {
  if (process.env.NODE_ENV === 'production') return 'where NODE_ENV is production';
  if (isWorkerProcess()) return 'in a process of role worker';
  if (cluster.isWorker) return 'where several processes serve one port';
  return undefined;
}

function isConnection(value: unknown): boolean {
  if (typeof value !== 'string') return isObject(value);
  return value === 'memory' || (/^rediss?:\/\//.test(value) && URL.canParse(value));
}

/** Of an address, of options of ioredis, or of a client of it. */
function keyPrefixOf(connection: string | object): unknown {
  if (typeof connection === 'string') {
    return URL.canParse(connection) && new URL(connection).searchParams.get('keyPrefix');
  }
  const { options = connection } = connection as { options?: object };
  const { keyPrefix, redisOptions, url = '' } = options as Partial<Record<string, any>>;
  return keyPrefix ?? redisOptions?.keyPrefix ?? keyPrefixOf(url);
}

function isTime(value: unknown, least: number): boolean {
  return Number.isSafeInteger(value) && (value as number) >= least;
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
