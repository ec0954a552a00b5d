import {
  ConsoleLogger,
  Logger,
  type DynamicModule,
  type INestApplication,
  type Type,
} from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { once } from 'node:events';
import type { Server } from 'node:http';
import { Drain, type DrainOptions } from '../lifecycle/drain.js';
import { initWithDocs } from './docs.js';
import { createHttpAdapter } from './http-adapter.js';
import type { FilledServeOptions } from './serve-options.js';
import { onTermination, type TerminationSignal } from './termination.js';

/** The root module of an app, as `NestFactory.create()` takes it. */
export type RootModule = Type<unknown> | DynamicModule | Promise<DynamicModule>;

export function createLogger(
  { logLevels, jsonLogs }: FilledServeOptions,
  context: string,
): ConsoleLogger {
  return new ConsoleLogger(context, { logLevels, json: jsonLogs, flattenParams: true });
}

/**
 * Creates the app, sets it up and listens. A failure is thrown, after what has been started is released.
 *
 * @param onAccepting is called at the moment from which on connections are accepted.
 */
export async function startApplication(
  root: RootModule,
  options: FilledServeOptions,
  onAccepting: (app: INestApplication) => void,
): Promise<INestApplication> {
  const adapter =
    typeof options.adapter === 'string'
      ? await createHttpAdapter(options.adapter)
      : options.adapter;
  const logger = createLogger(options, 'Nest');
  const app = await NestFactory.create(root, adapter, { logger, abortOnError: false });
  const drain = Drain.for(adapter);
  drain.configure({ delay: options.drainDelay, timeout: options.shutdownTimeout });
  drain.onAccepting(() => onAccepting(app));
  // Nest's own hooks would end the process a second time.
  app.enableShutdownHooks = () => app;
  try {
    await options.configure?.(app);
    if (options.docs !== undefined) await initWithDocs(app, options.docs);
    await app.listen(options.port, options.host);
  } catch (error) {
    await app.close();
    throw error;
  }
  return app;
}

/**
 * Ends the process when a signal asks for it: drains the app, then exits with 0, or with 1 where closing
 * failed. A second signal ends it at once.
 *
 * @param beforeRelease is awaited after the drain, before models, metrics and stores are released.
 * @returns the function that does so without a signal.
 */
export function exitOnTermination(
  app: INestApplication,
  signals: readonly TerminationSignal[],
  beforeRelease?: () => Promise<void>,
): (options: Partial<DrainOptions>) => void {
  let stopping = false;
  const server: Server = app.getHttpServer();
  const stop = async (
    signal: TerminationSignal | undefined,
    options: Partial<DrainOptions> = {},
  ): Promise<void> => {
    if (stopping) return;
    stopping = true;
    const drain = Drain.for(app.getHttpAdapter() as never);
    drain.configure(options);
    // Nest hands the signal on to the shutdown hooks, though the interface does not say so.
    const close: (signal?: string) => Promise<void> = app.close.bind(app);
    try {
      // Another port may have opened a moment before: the app ends as a whole.
      if (!server.listening && !drain.begun) await once(server, 'listening');
      await drain.begin();
      await beforeRelease?.();
      await close(signal);
      process.exit(0);
    } catch (error) {
      Logger.error('The app did not close', (error as Error).stack, 'Serve');
      process.exit(1);
    }
  };
  const ignore = onTermination(signals, (signal) => void stop(signal));
  // An app that is closed by the program leaves the process, and what signals mean to it, alone.
  server.once('close', () => {
    if (!stopping) ignore();
  });
  return (options) => void stop(undefined, options);
}
