import { AsyncResource } from 'node:async_hooks';
import { ConfigurationError } from '../errors/index.js';
import type { CallLog, PredictContext } from '../execution/index.js';

/** How far in the future the deadline is where none is given, in milliseconds. */
const TIME_LEFT = 30_000;

const OPTIONS = ['signal', 'requestId', 'deadline', 'headers', 'params', 'query', 'log'] as const;

/** What {@link predictContext} takes; whatever is left out has a harmless default. */
export interface PredictContextOptions {
  /**
   * Aborted by the test, never by time.
   * @default a signal that is never aborted
   */
  readonly signal?: AbortSignal;
  /**
   * The client's, or one made for the call.
   * @default 'unit-test'
   */
  readonly requestId?: string;
  /**
   * In milliseconds since the epoch. Nothing happens as it passes: to see what a handler does then,
   * abort `signal`.
   * @default 30 s from now
   */
  readonly deadline?: number;
  /**
   * Names in any case; the handler sees them in lower case, as those of a request.
   * @default {}
   */
  readonly headers?: Readonly<Record<string, string | string[] | undefined>>;
  /**
   * The route's parameters.
   * @default {}
   */
  readonly params?: Readonly<Record<string, string>>;
  /**
   * The URL's query.
   * @default {}
   */
  readonly query?: Readonly<Record<string, string | string[] | undefined>>;
  /**
   * The methods whose lines the test wants to see.
   * @default a log that says nothing
   */
  readonly log?: Partial<CallLog>;
}

/**
 * The context of a call, for a unit test that calls a handler itself. `context.run(fn)` enters the
 * async context in which it was made.
 *
 * @throws ConfigurationError for an unknown option.
 * @example
 * ```ts
 * const context = predictContext({ headers: { 'Accept-Language': 'de' } });
 * expect(new Greeter().predict({ name: 'Ada' }, context)).toEqual({ greeting: 'Hallo, Ada' });
 * ```
 */
export function predictContext(options: PredictContextOptions = {}): PredictContext {
  ConfigurationError.refuseUnknown('predictContext()', options, OPTIONS);
  const {
    signal = new AbortController().signal,
    requestId = 'unit-test',
    deadline = Date.now() + TIME_LEFT,
    headers = {},
    params = {},
    query = {},
    log = {},
  } = options;
  const origin = new AsyncResource('PredictContext');
  const context = {
    signal,
    requestId,
    deadline,
    headers: Object.fromEntries(
      Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]),
    ),
    params,
    query: Object.assign(Object.create(null), query),
    log: { ...SILENT, ...log },
    progress: () => undefined,
    run: <T>(fn: () => T): T => origin.runInAsyncScope(fn),
  };
  return context;
}

const SILENT: CallLog = {
  error: () => undefined,
  warn: () => undefined,
  log: () => undefined,
  debug: () => undefined,
};
