import type { INestApplication } from '@nestjs/common';
import { Drain } from '../lifecycle/drain.js';
import { exitOnTermination, startApplication, type RootModule } from './application.js';
import type { WorkerLink } from './cluster-link.js';
import type { FilledServeOptions } from './serve-options.js';
import { serviceOf } from './service.js';

/** Serves the app in a worker process, until the primary or a signal ends it. */
export async function serveAsWorker(
  root: RootModule,
  options: FilledServeOptions,
  link: WorkerLink,
): Promise<INestApplication> {
  // A terminal sends its signals to all processes; replacing workers is the primary's business.
  process.on('SIGHUP', () => undefined);
  // So far, nothing has been accepted.
  link.onDrain(() => process.exit(0));
  // Before it listens, lest it tell its first clients that the others are not ready.
  await link.join();
  const app = await startApplication(root, options, (accepting) => {
    Drain.for(accepting.getHttpAdapter() as never).waitAfterListening(() => link.reportDeaf());
    link.onDrain(exitOnTermination(accepting, ['SIGTERM', 'SIGINT'], () => link.sayFarewell()));
  });
  link.reportListening(await serviceOf(app, options.docs?.path));
  return app;
}
