/** The two rules of the house: no import cycles, and the core knows nothing of Nest's HTTP. */
module.exports = {
  forbidden: [
    { name: 'no-circular', severity: 'error', from: {}, to: { circular: true } },
    {
      name: 'core-knows-no-transport',
      comment: 'json, schema, cache, execution, metrics and errors work for any transport.',
      severity: 'error',
      from: { path: '^src/(json|schema|cache|execution|metrics|errors)/' },
      to: {
        path: '^src/(endpoint|http|interceptors|serve|runtimes)/|^src/[^/]+\\.ts$|platform-(express|fastify)|node:http',
      },
    },
    {
      name: 'core-knows-no-nest',
      severity: 'error',
      from: { path: '^src/(json|schema|execution|errors)/' },
      to: { path: 'node_modules/(@nestjs|express|fastify)' },
    },
    {
      name: 'runtimes-stand-alone',
      comment:
        'A runtime is a subpath export; it loads nothing of the core but its errors and types.',
      severity: 'error',
      from: { path: '^src/runtimes/' },
      to: { path: '^src/', pathNot: '^src/(runtimes|errors|execution/task)' },
    },
    {
      name: 'testing-stands-alone',
      comment: 'What only tests need loads nothing of an app, and no app loads it.',
      severity: 'error',
      from: { path: '^src/testing/' },
      to: { path: '^src/', pathNot: '^src/(testing|errors|execution)/' },
    },
    {
      name: 'core-loads-no-testing',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/testing/' },
      to: { path: '^src/testing/' },
    },
    {
      name: 'core-loads-no-runtime',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/runtimes/' },
      to: { path: '^src/runtimes/|onnxruntime-node|piscina' },
    },
    {
      name: 'no-private-nest-paths',
      severity: 'error',
      from: { path: '^src/' },
      to: {
        path: '@nestjs/[^/]+/(internal|router/|helpers/|injector/|constants)',
        dependencyTypesNot: ['npm-no-pkg'],
        pathNot: 'index\\.(d\\.ts|js)$',
      },
    },
  ],
  options: {
    tsConfig: { fileName: 'tsconfig.json' },
    tsPreCompilationDeps: true,
    doNotFollow: { path: 'node_modules' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'node', 'default', 'types'],
    },
  },
};
