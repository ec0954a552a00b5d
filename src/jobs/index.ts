export { JobsModule } from './jobs.module.js';
export type { JobsModuleOptions } from './jobs-options.js';
