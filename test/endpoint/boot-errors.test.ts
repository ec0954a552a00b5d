import { Controller, Headers, Query, type Type } from '@nestjs/common';
import {
  ConfigurationError,
  ModelEndpoint,
  ModelServingModule,
  protobufSchema,
  type ModelServingOptions,
} from 'nestjs-model-serving';
import protobuf from 'protobufjs';
import ts from 'typescript';
import { describe, expect, it } from 'vitest';
import { ADAPTERS, createApp, type Adapter, type AppUnderTest } from '../serving-app.js';

/** Boots an app that must not boot, and gives the sentence it says. */
async function sentenceOf(adapter: Adapter, parts: AppUnderTest): Promise<string> {
  let app: Awaited<ReturnType<typeof createApp>> | undefined;
  try {
    app = await createApp(adapter, parts);
    await app.init();
  } catch (error) {
    expect(error).toBeInstanceOf(ConfigurationError);
    const { message } = error as Error;
    expect(message).not.toContain('\n');
    return message;
  } finally {
    await app?.close();
  }
  throw new Error('the app has booted');
}

function modelWith(options: unknown, schema?: unknown, path: unknown = '/x'): Type {
  @Controller()
  class Model {
    @(ModelEndpoint(path as string, schema as never, options as never) as MethodDecorator)
    run(): object {
      return {};
    }
  }
  return Model;
}

@Controller()
class ReadsHeaders {
  @ModelEndpoint('/x')
  run(_input: object, @Headers() _headers: unknown): object {
    return {};
  }
}

@Controller()
class ReadsQuery {
  @ModelEndpoint('/x')
  run(@Query() _query: unknown): object {
    return {};
  }
}

describe.each(ADAPTERS)('a decorated parameter on %s', (adapter) => {
  it.each([
    [ReadsHeaders, 1],
    [ReadsQuery, 0],
  ])('that is neither input nor context stops the boot: %o', async (controller, index) => {
    expect(await sentenceOf(adapter, { controllers: [controller] })).toBe(
      `${controller.name}.run: expected the parameters (input, context), got a decorator on parameter ${index}`,
    );
  });
});

describe.each(ADAPTERS)('a generator function on %s', (adapter) => {
  it.each([
    class Plain {
      *predict() {
        yield {};
      }
    },
    class Async {
      async *predict() {
        yield {};
      }
    },
  ])('stops the boot: %o', async (model) => {
    ModelEndpoint('/x')(model as never);
    expect(await sentenceOf(adapter, { controllers: [model] })).toBe(
      `${model.name}: expected stream: true beside a generator function, got a predict that makes a stream of items, and no option that sends it`,
    );
  });
});

const OPTIONS: [options: unknown, sentence: RegExp][] = [
  [{ timeuot: 5 }, /^Model\.run: expected options to be among .*timeout.*"timeuot"$/],
  [{ timeout: -1 }, /^Model\.run: expected timeout to be a whole number from 1 to .*, got -1$/],
  [{ timeout: 0 }, /^Model\.run: expected timeout to be .*, got 0$/],
  [{ timeout: '5s' }, /^Model\.run: expected timeout to be .*, got '5s'$/],
  [{ timeout: Infinity }, /^Model\.run: expected timeout to be .*, got Infinity$/],
  [{ timeout: 1.5 }, /^Model\.run: expected timeout to be .*, got 1.5$/],
  [{ timeout: null }, /^Model\.run: expected timeout to be .*, got null$/],
  [{ maxConcurrency: 0 }, /^Model\.run: expected maxConcurrency to be .* at least 1, got 0$/],
  [{ maxConcurrency: NaN }, /^Model\.run: expected maxConcurrency to be .*, got NaN$/],
  [{ maxQueue: -1 }, /^Model\.run: expected maxQueue to be .* at least 0, got -1$/],
  [{ stallTimeout: -1 }, /^Model\.run: expected stallTimeout to be .* from 0 to \d+, got -1$/],
  [{ bodyLimit: '1mb' }, /^Model\.run: expected bodyLimit to be .*, got '1mb'$/],
  [{ batch: true }, /^Model\.run: expected batch to be an object, got true$/],
  [{ batch: { size: 3 } }, /^Model\.run: expected options to be among .*"size"$/],
  [{ batch: { maxSize: 0 } }, /^Model\.run: expected batch\.maxSize to be .*, got 0$/],
  [{ batch: { maxDelay: -1 } }, /^Model\.run: expected batch\.maxDelay to be .*, got -1$/],
  [{ batch: { sizeOf: 3 } }, /^Model\.run: expected batch\.sizeOf to be a function, got 3$/],
  [{ onBatchError: 'retry' }, /^Model\.run: expected onBatchError to be .*, got 'retry'$/],
  [{ warmup: {} }, /^Model\.run: expected warmup to be an array of inputs, got \{\}$/],
  [{ name: 5 }, /^Model\.run: expected name to be .*, got 5$/],
  [{ name: '' }, /^Model\.run: expected name to be .*, got ''$/],
  [{ version: 2 }, /^Model\.run: expected version to be .*, got 2$/],
  [{ stream: 1 }, /^Model\.run: expected stream to be a boolean, got 1$/],
  [{ stream: true, batch: {} }, /^Model\.run: expected stream or batch, got both: /],
  [{ stream: true, cache: true }, /^Model\.run: expected stream or cache, got both: /],
  [{ firstItemTimeout: 5 }, /^Model\.run: expected stream: true beside firstItemTimeout, got /],
  [{ commentInterval: 5 }, /^Model\.run: expected stream: true beside commentInterval, got /],
  [{ maxArrayBytes: 5 }, /^Model\.run: expected stream: true beside maxArrayBytes, got /],
  [{ stream: true, firstItemTimeout: 0 }, /^Model\.run: expected firstItemTimeout to be .*got 0$/],
  [{ stream: true, commentInterval: -1 }, /^Model\.run: expected commentInterval to be .*got -1$/],
  [{ stream: true, maxArrayBytes: '1mb' }, /^Model\.run: expected maxArrayBytes to be /],
  [{ cache: 'yes' }, /^Model\.run: expected cache to be .*, got 'yes'$/],
  [{ cache: { ttl: 0 } }, /^Model\.run: expected cache\.ttl to be .*, got 0$/],
  [{ cache: { tll: 1 } }, /^Model\.run: cache: expected options to be among .*"tll"$/],
  [null, /^Model\.run: expected its options to be an object, got null$/],
  [5, /^Model\.run: expected its options to be an object, got 5$/],
  [[], /^Model\.run: expected its options to be an object, got \[\]$/],
];

const oneMessage = protobuf.parse('syntax = "proto3"; message Request {}').root;
const SCHEMAS: [schema: unknown, sentence: RegExp][] = [
  ['/nowhere/model.proto', /^Model\.run: schema expected a file, got \/nowhere\/model\.proto/],
  [new URL('https://example.org/a.proto'), /^Model\.run: schema expected a path or a file: URL/],
  [protobufSchema('/nowhere/a.proto'), /^Model\.run: schema expected a file/],
  [protobufSchema('a.proto', { req: 'R' } as never), /^Model\.run: schema .*"req"$/],
  [oneMessage, /^Model\.run: schema expected the response message "Response" in .*got Request/],
  [{}, /^Model\.run: schema expected a request or a response type, got neither$/],
  [null, /^Model\.run: schema expected .*, got null$/],
  [5, /^Model\.run: schema expected .*, got 5$/],
  [{ request: {} }, /^Model\.run: schema expected a protobufjs Type as request/],
];

const MODULE_OPTIONS: [options: unknown, sentence: RegExp][] = [
  [{ metric: true }, /^ModelServingModule: expected options to be among .*"metric"$/],
  [{ metrics: 'yes' }, /^ModelServingModule: expected metrics to be a boolean, got 'yes'$/],
  [{ paths: { pong: '/x' } }, /^ModelServingModule: paths: expected .*"pong"$/],
  [{ paths: { ping: 'ping' } }, /^ModelServingModule: expected paths\.ping to be .*, got 'ping'$/],
  [{ paths: { ready: true } }, /^ModelServingModule: expected paths\.ready to be .*, got true$/],
  [{ paths: 5 }, /^ModelServingModule: expected paths to be an object, got 5$/],
  [{ paths: null }, /^ModelServingModule: expected paths to be an object, got null$/],
  [{ drainDelay: -1 }, /^ModelServingModule: expected drainDelay to be .*, got -1$/],
  [{ shutdownTimeout: '1s' }, /^ModelServingModule: expected shutdownTimeout to be .*, got '1s'$/],
  [{ cache: { ttl: 0 } }, /^ModelServingModule: expected cache\.ttl to be .*, got 0$/],
  [{ cache: true }, /^ModelServingModule: expected cache to be an object, got true$/],
  [{ defaults: { timeout: 0 } }, /^ModelServingModule defaults: expected timeout to be .*, got 0$/],
  [{ defaults: { warmup: [] } }, /^ModelServingModule defaults: expected .*"warmup"$/],
  [
    { defaults: { batch: true } },
    /^ModelServingModule defaults: expected batch to be .*, got true$/,
  ],
  [
    { defaults: { batch: { maxSize: 0 } } },
    /^ModelServingModule defaults: .*batch\.maxSize to be /,
  ],
  [{ defaults: { stream: 1 } }, /^ModelServingModule defaults: expected stream to be .*, got 1$/],
  [{ defaults: { cache: 5 } }, /^ModelServingModule defaults: expected cache to be .*, got 5$/],
  [
    { defaults: { direct: 'no' } },
    /^ModelServingModule defaults: expected direct to be a boolean, got 'no'$/,
  ],
  [{ defaults: null }, /^ModelServingModule: expected defaults to be an object, got null$/],
  [{ defaults: 5 }, /^ModelServingModule: expected defaults to be an object, got 5$/],
];

describe('an app with a mistake does not boot and says in one sentence', () => {
  it.each(OPTIONS)('what is wrong with the options %o', async (options, sentence) => {
    expect(await sentenceOf('express', { controllers: [modelWith(options)] })).toMatch(sentence);
  });

  it.each(SCHEMAS)('what is wrong with a schema (%#)', async (schema, sentence) => {
    const controllers = [modelWith({}, schema)];
    expect(await sentenceOf('express', { controllers })).toMatch(sentence);
  });

  it.each([
    [
      { batch: {} },
      { stream: true },
      /^Model\.run: expected stream or batch, got both, stream from /,
    ],
    [
      { cache: true },
      { stream: true },
      /^Model\.run: expected stream or cache, got both, stream from /,
    ],
    [
      { stream: false, maxArrayBytes: 5 },
      { stream: true },
      /^Model\.run: expected stream: true beside maxArrayBytes, got /,
    ],
  ])('that %o does not fit the defaults %o', async (own, defaults, sentence) => {
    const parts = { controllers: [modelWith(own)], options: { defaults } };
    expect(await sentenceOf('express', parts)).toMatch(sentence);
  });

  it.each(MODULE_OPTIONS)('what is wrong with forRoot(%o)', async (options, sentence) => {
    expect(await sentenceOf('express', { options: options as ModelServingOptions })).toMatch(
      sentence,
    );
  });

  it.each([[5], [null], [['/a']]])('that a path is not one: %o', async (path) => {
    expect(() => modelWith({}, undefined, path)).toThrow(
      /^@ModelEndpoint on Model\.run: expected the path to be a string, got /,
    );
  });

  it('that a class has no predict', () => {
    expect(() => {
      @(ModelEndpoint('/x') as ClassDecorator)
      class Empty {
        run() {}
      }
      return Empty;
    }).toThrow(
      "@ModelEndpoint('/x') on Empty: expected the class to be one with a method predict, got undefined",
    );
  });

  it('that predict is a field, which every instance would have of its own', () => {
    expect(() => {
      @ModelEndpoint('/x')
      class Field {
        predict = () => ({});
      }
      return Field;
    }).toThrow(/on Field: expected the class to be one with a method predict/);
  });

  it('that a static method cannot serve', () => {
    expect(() => {
      class Static {
        @ModelEndpoint('/x')
        static run() {
          return {};
        }
      }
      return Static;
    }).toThrow(/on Static\.run: expected the target to be .*, got 'a static member'$/);
  });

  it.each([
    ['a class', "@ModelEndpoint('/x') class Model { predict() {} }"],
    ['a method', "class Host { @ModelEndpoint('/x') Model() {} }"],
  ])('that decorators are compiled as standard ones, of %s', (_, source) => {
    const compilerOptions = { target: ts.ScriptTarget.ES2022, experimentalDecorators: false };
    const { outputText } = ts.transpileModule(source, { compilerOptions });
    expect(() => new Function('ModelEndpoint', outputText)(ModelEndpoint)).toThrow(
      "@ModelEndpoint('/x') on Model: expected experimentalDecorators in tsconfig.json, got code that was compiled without",
    );
  });

  it.each(ADAPTERS)('that two endpoints have one route (%s)', async (adapter) => {
    @ModelEndpoint('/same')
    class First {
      predict() {
        return {};
      }
    }
    @Controller('same')
    class Second {
      @ModelEndpoint('')
      run() {
        return {};
      }
    }
    expect(await sentenceOf(adapter, { controllers: [First, Second] })).toBe(
      'Second.run: expected a route of its own, got POST /same, which First answers already',
    );
  });

  it('that the module is imported twice', async () => {
    const imports = [ModelServingModule.forRoot({ metrics: false })];
    expect(await sentenceOf('express', { imports })).toBe(
      'ModelServingModule: expected forRoot() or forRootAsync() in one module of the app, got 2 different imports',
    );
  });

  it('that a warmup request failed', async () => {
    const app = await createApp('express', {
      controllers: [modelWith({ warmup: [{}, 5] }, { request: oneMessage.lookupType('Request') })],
    });
    await expect(app.init()).rejects.toThrow(/^Model\.run: expected warmup\[1\] to succeed, got "/);
    await app.close();
  });
});
