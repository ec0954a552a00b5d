import { Controller, Injectable, Module, type DynamicModule, type Type } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { ModelEndpoint, ModelServingModule, type ModelServingOptions } from 'nestjs-model-serving';
import { describe, expect, it, onTestFinished } from 'vitest';
import { CapturedLog } from '../http/captured-log.js';
import { ADAPTERS, startApp, type Adapter } from '../serving-app.js';

@ModelEndpoint('/echo')
class Echo {
  predict(input: object) {
    return input;
  }
}

const OPTIONS: ModelServingOptions = { defaults: { bodyLimit: 20 }, paths: { ping: '/alive' } };

@Injectable()
class Settings {
  createModelServingOptions(): ModelServingOptions {
    return OPTIONS;
  }
}

@Module({ providers: [Settings], exports: [Settings] })
class SettingsModule {}

async function start(adapter: Adapter, serving: DynamicModule | undefined, log?: CapturedLog) {
  @Module({ imports: serving ? [serving] : [], controllers: [Echo] })
  class App {}
  const app = await (adapter === 'fastify'
    ? NestFactory.create(App, new FastifyAdapter(), { logger: log ?? false, abortOnError: false })
    : NestFactory.create(App, { logger: log ?? false, abortOnError: false }));
  onTestFinished(() => app.close());
  await app.listen(0, '127.0.0.1');
  const url = await app.getUrl();
  return async (path: string, init: RequestInit = {}) => {
    const response = await fetch(url + path, { headers: { connection: 'close' }, ...init });
    return { status: response.status, text: await response.text() };
  };
}

const post = (body: object) => ({
  method: 'POST',
  body: JSON.stringify(body),
  headers: { connection: 'close', 'content-type': 'application/json' },
});

describe.each(ADAPTERS)('ModelServingModule on %s', (adapter) => {
  it('needs no options', async () => {
    const request = await start(adapter, ModelServingModule.forRoot());
    expect(await request('/echo', post({ a: 1 }))).toEqual({ status: 200, text: '{"a":1}' });
    expect(await request('/__ping')).toEqual({ status: 200, text: 'Success' });
  });

  it.each<[string, DynamicModule]>([
    ['forRoot', ModelServingModule.forRoot(OPTIONS)],
    ['forRoot that is not global', ModelServingModule.forRoot({ ...OPTIONS, isGlobal: false })],
    [
      'useFactory',
      ModelServingModule.forRootAsync({
        imports: [SettingsModule],
        inject: [Settings],
        useFactory: async (settings: Settings) => settings.createModelServingOptions(),
      }),
    ],
    ['useClass', ModelServingModule.forRootAsync({ useClass: Settings })],
    [
      'useExisting',
      ModelServingModule.forRootAsync({ imports: [SettingsModule], useExisting: Settings }),
    ],
  ])('takes its options through %s', async (_, serving) => {
    const request = await start(adapter, serving);
    expect((await request('/echo', post({ a: 1 }))).status).toBe(200);
    expect((await request('/echo', post({ a: 'x'.repeat(20) }))).status).toBe(413);
    expect((await request('/alive')).text).toBe('Success');
    expect((await request('/__ping')).status).toBe(404);
  });

  it('takes what the factory gives as strictly as forRoot', async () => {
    const serving = ModelServingModule.forRootAsync({ useFactory: () => ({ metric: 1 }) as never });
    await expect(start(adapter, serving)).rejects.toThrow(/got the unknown option "metric"$/);
  });

  it('is missed when it is not imported: no request runs unchecked, and the log says why', async () => {
    const log = new CapturedLog();
    const request = await start(adapter, undefined, log);
    expect((await request('/echo', post({ a: 1 }))).status).toBe(500);
    expect(log.errors.join()).toContain(
      'Echo.predict: expected ModelServingModule.forRoot() among the imports of the app',
    );
  });
});

describe('defaults', () => {
  it('hold for every endpoint that says nothing else', async () => {
    @Controller()
    class Own {
      @ModelEndpoint('/own', undefined, { bodyLimit: 100, cache: false })
      own(input: object) {
        return input;
      }
      @ModelEndpoint('/default')
      default(input: object) {
        return input;
      }
    }
    @Module({
      imports: [ModelServingModule.forRoot({ defaults: { bodyLimit: 20, cache: true } })],
      controllers: [Own],
    })
    class App {}
    const app = await NestFactory.create(App, { logger: false });
    onTestFinished(() => app.close());
    await app.listen(0, '127.0.0.1');
    const url = await app.getUrl();
    const long = post({ a: 'x'.repeat(20) });
    expect((await fetch(`${url}/own`, long)).status).toBe(200);
    expect((await fetch(`${url}/default`, long)).status).toBe(413);
    expect((await fetch(`${url}/own`, post({}))).headers.get('x-cache')).toBeNull();
    expect((await fetch(`${url}/default`, post({}))).headers.get('x-cache')).toBe('MISS');
  });

  it('make every endpoint a batch or a stream, but for those that say otherwise', async () => {
    @Controller()
    class Batched {
      @ModelEndpoint('/batched')
      batched(inputs: object[]) {
        return inputs.map((input) => [input, inputs.length]);
      }
      @ModelEndpoint('/single', undefined, { batch: false })
      single(input: object) {
        return Array.isArray(input);
      }
      @ModelEndpoint('/streamed', undefined, { stream: true })
      *streamed(input: object) {
        yield Array.isArray(input);
      }
    }
    @Controller()
    class Streamed {
      @ModelEndpoint('/items')
      *items() {
        yield 1;
      }
      @ModelEndpoint('/answer', undefined, { stream: false })
      answer() {
        return { whole: true };
      }
    }
    const ask = async (controller: Type, defaults: ModelServingOptions['defaults']) => {
      const { post } = await startApp('express', {
        controllers: [controller],
        options: { defaults },
      });
      return async (path: string) =>
        (await post(path, {}, { accept: 'application/json' })).body as unknown;
    };
    const batched = await ask(Batched, { batch: { maxSize: 4 } });
    expect(await batched('/batched')).toEqual([{}, 1]);
    expect(await batched('/single')).toBe(false);
    expect(await batched('/streamed')).toEqual([false]);
    const streamed = await ask(Streamed, { stream: true, cache: true });
    expect(await streamed('/items')).toEqual([1]);
    expect(await streamed('/answer')).toEqual({ whole: true });
  });
});
