import { createRequire } from 'node:module';

const { version } = createRequire(import.meta.url)('nestjs-model-serving/package.json') as {
  version: string;
};

/** The library's own version. */
export const VERSION = version;
