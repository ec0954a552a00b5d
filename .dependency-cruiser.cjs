/**
 * The rooms of the house, from the door down: a room imports from those below it, never from one above.
 * Rooms of one line may import from one another.
 */
const ROOMS = [
  ['routing'],
  ['http'],
  ['gate'],
  ['lifecycle', 'serve'],
  ['interceptors'],
  ['endpoint'],
  ['cache', 'metrics', 'tracing'],
  ['execution', 'schema', 'logging'],
  ['json'],
  ['errors'],
];

/** What knows a transport, besides the rooms that are one. */
const TRANSPORT = 'platform-(express|fastify)|^(node:)?https?$|^(node:)?http2$';

/** What documents an app: it loads packages that the app may be without. */
const OPENAPI = '^src/openapi/|@nestjs/swagger|@fastify/static';

module.exports = {
  forbidden: [
    { name: 'no-circular', severity: 'error', from: {}, to: { circular: true } },
    ...ROOMS.slice(1).map((rooms, above) => ({
      name: `${rooms.join('-and-')}-imports-down`,
      severity: 'error',
      from: { path: `^src/(${rooms.join('|')})/` },
      to: {
        path: `^src/(${ROOMS.slice(0, above + 1)
          .flat()
          .join('|')})/|^src/[^/]+\\.ts$`,
      },
    })),
    {
      name: 'core-knows-no-transport',
      comment: 'An endpoint, its way and what is below serve every door.',
      severity: 'error',
      from: { path: `^src/(${ROOMS.slice(4).flat().join('|')})/` },
      to: { path: TRANSPORT },
    },
    {
      name: 'core-knows-no-nest',
      severity: 'error',
      from: { path: '^src/(json|schema|execution|errors|tracing/opentelemetry)/' },
      to: { path: 'node_modules/(@nestjs|express|fastify)' },
    },
    {
      name: 'runtimes-stand-alone',
      comment:
        'A runtime is a subpath export; it loads nothing of the core but its errors and types, and how a trace travels.',
      severity: 'error',
      from: { path: '^src/runtimes/' },
      to: {
        path: '^src/',
        pathNot: '^src/(runtimes|errors|execution/task|tracing/registered-sdk)',
      },
    },
    {
      name: 'testing-stands-alone',
      comment: 'What only tests need loads nothing of an app, and no app loads it.',
      severity: 'error',
      from: { path: '^src/testing/' },
      to: { path: '^src/', pathNot: '^src/(testing|gate|lifecycle|endpoint|errors|execution)/' },
    },
    {
      name: 'types-stand-on-the-schema',
      comment:
        'The generator of types is no part of a running app: it uses the schema, and its command line uses it.',
      severity: 'error',
      from: { path: '^src/types/' },
      to: { path: '^src/', pathNot: '^src/(types|schema)/' },
    },
    {
      name: 'cli-stands-alone',
      severity: 'error',
      from: { path: '^src/cli/' },
      to: { path: '^src/', pathNot: '^src/(bench|cli|types|schema)/' },
    },
    {
      name: 'core-loads-no-generator',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/(cli|types)/' },
      to: { path: '^src/(cli|types)/|tinyglobby' },
    },
    {
      name: 'bench-stands-alone',
      comment: 'It asks any server, over the wire: nothing of the library, no package.',
      severity: 'error',
      from: { path: '^src/bench/' },
      to: { pathNot: '^src/bench/', dependencyTypesNot: ['core'] },
    },
    {
      name: 'core-loads-no-bench',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/(bench|cli)/' },
      to: { path: '^src/bench/' },
    },
    {
      name: 'core-loads-no-testing',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/testing/' },
      to: { path: '^src/testing/' },
    },
    {
      name: 'grpc-stands-on-the-gate',
      comment: 'A door of its own, which knows HTTP only where both share a port.',
      severity: 'error',
      from: { path: '^src/grpc/' },
      to: {
        path: '^src/',
        pathNot: '^src/(grpc|gate|lifecycle|endpoint|execution|schema|errors)/',
      },
    },
    {
      name: 'core-loads-no-grpc',
      comment: 'A room may say that it has a service for it; what serves that is its own folder.',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/(grpc|schema/descriptor|open-inference/grpc)/' },
      to: {
        path: '^src/(grpc|schema/descriptor)/|@grpc/|protobufjs/ext/descriptor',
        pathNot: '^src/grpc/service-source\\.ts$',
      },
    },
    {
      name: 'open-inference-speaks-grpc-when-asked',
      comment: 'An app that does not speak gRPC needs no package for it.',
      severity: 'error',
      from: { path: '^src/open-inference/', pathNot: '^src/open-inference/grpc/' },
      to: { path: '^src/open-inference/grpc/', dynamic: false },
    },
    {
      name: 'jobs-stand-on-the-doors',
      comment: 'Jobs are taken in by HTTP and run as calls; they know no other door.',
      severity: 'error',
      from: { path: '^src/jobs/' },
      to: {
        path: '^src/',
        pathNot:
          '^src/(jobs|routing|http|gate|lifecycle|interceptors|endpoint|cache|metrics|tracing|execution|errors)/',
      },
    },
    {
      name: 'core-loads-no-jobs',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/jobs/' },
      to: { path: '^src/jobs/|node_modules/(bullmq|ioredis)' },
    },
    {
      name: 'client-stands-alone',
      comment: 'It runs in a browser: no package, no module of Node, nothing of the server.',
      severity: 'error',
      from: { path: '^src/client/' },
      to: { pathNot: '^src/client/' },
    },
    {
      name: 'server-loads-no-client',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/client/' },
      to: { path: '^src/client/' },
    },
    {
      name: 'core-loads-no-openapi',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/(openapi/|serve/docs\\.ts$)' },
      to: { path: OPENAPI },
    },
    {
      name: 'openapi-describes-the-door',
      comment: 'It reads what is declared and what the door takes; it runs nothing of either.',
      severity: 'error',
      from: { path: '^src/openapi/' },
      to: {
        path: '^src/',
        pathNot:
          '^src/(openapi|routing|http|gate|endpoint|cache|schema|errors)/|^src/module-options\\.ts$',
      },
    },
    {
      name: 'serve-loads-a-page-when-asked',
      comment: 'Whoever wants no documentation page needs none of its packages.',
      severity: 'error',
      from: { path: '^src/serve/docs\\.ts$' },
      to: { path: OPENAPI, dynamic: false },
    },
    {
      name: 'core-loads-traces-when-there-is-an-sdk',
      comment: 'Of the package the rest may know types.',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/tracing/opentelemetry/' },
      to: {
        path: '^src/tracing/opentelemetry/|@opentelemetry/',
        dynamic: false,
        dependencyTypesNot: ['type-only'],
      },
    },
    {
      name: 'core-loads-no-runtime',
      comment: 'By what a model tells of its tensors it can be known without its packages.',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/runtimes/' },
      to: {
        path: '^src/runtimes/|onnxruntime-node|piscina',
        pathNot: '^src/runtimes/onnx/declared-tensors\\.ts$',
      },
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
