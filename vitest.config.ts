import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

const src = (path: string) => fileURLToPath(new URL(`./src/${path}`, import.meta.url));

/**
 * Rooms whose tests leave nothing behind in their process, but for those that measure it, or change it. Their files
 * run one after the other in the same one, so that Nest and the sources are loaded once, and not for each of them:
 * half of what they would cost.
 */
const TOGETHER = [
  'bench',
  'bodies',
  'client',
  'deploy',
  'endpoint',
  'gate',
  'grpc',
  'http',
  'json',
  'json-schema',
  'open-inference',
  'openapi',
  'runtimes',
  'schema',
  'serve',
  'standard-schema',
  'stream',
  'types',
].map((room) => `test/${room}/**/!(*-cost|back-pressure|failing-compression).test.ts`);

export default defineConfig({
  resolve: {
    alias: [
      { find: /^nestjs-model-serving$/, replacement: src('index.ts') },
      { find: /^nestjs-model-serving\/client$/, replacement: src('client/index.ts') },
      { find: /^nestjs-model-serving\/grpc$/, replacement: src('grpc/index.ts') },
      { find: /^nestjs-model-serving\/jobs$/, replacement: src('jobs/index.ts') },
      { find: /^nestjs-model-serving\/onnx$/, replacement: src('runtimes/onnx/index.ts') },
      {
        find: /^nestjs-model-serving\/open-inference$/,
        replacement: src('open-inference/index.ts'),
      },
      { find: /^nestjs-model-serving\/openapi$/, replacement: src('openapi/index.ts') },
      { find: /^nestjs-model-serving\/testing$/, replacement: src('testing/index.ts') },
      { find: /^nestjs-model-serving\/threads$/, replacement: src('runtimes/threads/index.ts') },
    ],
  },
  test: {
    projects: [
      {
        extends: true,
        test: {
          name: 'together',
          include: TOGETHER,
          isolate: false,
          setupFiles: 'test/fresh-registry.ts',
        },
      },
      { extends: true, test: { name: 'alone', include: ['test/**/*.test.ts'], exclude: TOGETHER } },
    ],
    globalSetup: 'test/global-setup.ts',
    // Files of one behaviour each, most of which wait for sockets: three at a time, on two cores, too.
    maxWorkers: 3,
    testTimeout: 20_000,
    hookTimeout: 30_000,
    // A busy machine takes its time: what is polled for has as long as the test.
    expect: { poll: { timeout: 15_000, interval: 5 } },
  },
});
