import { defineConfig, mergeConfig } from 'vitest/config';
import config from './vitest.config.js';

/** What is killed, frozen, filled up and overloaded takes its time: a suite of its own. */
export default mergeConfig(
  { ...config, test: { ...config.test, projects: undefined } },
  defineConfig({
    test: {
      include: ['test/**/*.fault.ts', 'test/**/*.load.ts'],
      testTimeout: 600_000,
    },
  }),
);
