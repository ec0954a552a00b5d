import type { INestApplication } from '@nestjs/common';
import { ROLE_VARIABLE } from '../lifecycle/role.js';
import {
  createLogger,
  exitOnTermination,
  startApplication,
  type RootModule,
} from './application.js';
import { clusterLink } from './cluster-link.js';
import { Primary } from './primary.js';
import { fillServeOptions, type ServeOptions } from './serve-options.js';
import { announce, serviceOf } from './service.js';
import { exitBy, onTermination, type TerminationSignal } from './termination.js';
import { serveAsWorker } from './worker.js';

const SIGNALS: readonly TerminationSignal[] = ['SIGTERM', 'SIGINT', 'SIGHUP'];

/**
 * Serves an app: creates it on the chosen adapter, listens, and drains it on SIGTERM, SIGINT or SIGHUP;
 * a second signal ends it at once.
 *
 * With `workers` above 1, this process forks that many, which run the same program and share the port.
 * One that dies, or hangs for ten seconds, is replaced, with growing delays; only if none of them can
 * start does the program end, with exit code 1. SIGHUP replaces all of them, one by one, without losing a
 * request; where the new ones cannot start, the old ones go on serving.
 *
 * @returns the listening app; in the process that only supervises workers, `undefined`, once all of them
 * are ready.
 * @throws ConfigurationError for an unknown option, a bad value, or a package that is not installed.
 * @example
 * ```ts
 * await serve(AppModule);
 * await serve(AppModule, { adapter: 'fastify', workers: 4, drainDelay: 5000 });
 * await serve(AppModule, { docs: '/docs' });
 * await serve(AppModule, { configure: (app) => app.setGlobalPrefix('v1') });
 * ```
 */
export async function serve(
  root: RootModule,
  options: ServeOptions = {},
): Promise<INestApplication | undefined> {
  const filled = fillServeOptions(options, process.env);
  // Modules look there, and so do the processes that are forked.
  process.env[ROLE_VARIABLE] = filled.role ?? 'all';
  const link = clusterLink();
  if (link !== undefined) return serveAsWorker(root, filled, link);
  if (filled.workers > 1) {
    await new Primary(filled, createLogger(filled, 'Serve')).start();
    return undefined;
  }
  // So far, nothing has been accepted. The first process of a container ends by itself or not at all:
  // there the kernel drops a signal that nobody listens to.
  const ignore = onTermination(SIGNALS, exitBy);
  const app = await startApplication(root, filled, (accepting) => {
    ignore();
    exitOnTermination(accepting, SIGNALS);
  }).catch((error: unknown) => {
    ignore();
    throw error;
  });
  announce(await serviceOf(app, filled.docs?.path), filled.jsonLogs);
  return app;
}
