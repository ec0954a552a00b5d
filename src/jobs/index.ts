export { JobsModule } from './jobs.module.js';
export type { JobsConnectionOptions, JobsModuleOptions } from './jobs-options.js';
