import {
  Catch,
  Controller,
  ForbiddenException,
  Get,
  Module,
  Param,
  Post,
  RequestMethod,
  UseFilters,
  UseGuards,
  VersioningType,
  type ArgumentsHost,
  type CanActivate,
  type ExceptionFilter,
  type MiddlewareConsumer,
  type Type,
} from '@nestjs/common';
import { ApplicationConfig } from '@nestjs/core';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { ModelEndpoint, type PredictContext } from 'nestjs-model-serving';
import { describe, expect, it } from 'vitest';
import { textSchema } from '../http/text-schema.js';
import { askHost } from '../http/ask-host.js';
import { ADAPTERS, createApp, startApp } from '../serving-app.js';

class Closed implements CanActivate {
  canActivate(): boolean {
    throw new ForbiddenException('closed');
  }
}

@Catch()
class Teapot implements ExceptionFilter {
  catch(_: unknown, host: ArgumentsHost) {
    const response = host.switchToHttp().getResponse();
    if ('raw' in response) response.code(418).send('{}');
    else response.status(418).send('{}');
  }
}

class Base {
  @ModelEndpoint('score', undefined, { bodyLimit: 100 })
  score(input: { fail?: boolean }, { params }: PredictContext) {
    if (input.fail) throw new Error('failed');
    return {
      by: this.constructor.name,
      path: Reflect.getMetadata('path', this.constructor),
      params,
    };
  }
}

/** Controllers made by one function have one name. */
function mixin(path: string, ...decorators: ClassDecorator[]): Type {
  class Mixed extends Base {}
  for (const decorate of decorators) decorate(Mixed);
  Controller(path)(Mixed);
  return Mixed;
}

describe.each(ADAPTERS)('a route on %s', (adapter) => {
  it('is one controller’s, though others inherit its method and have its name', async () => {
    const open = mixin('open');
    const guarded = mixin('guarded', UseGuards(Closed) as ClassDecorator);
    const filtered = mixin('filtered', UseFilters(Teapot) as ClassDecorator);
    for (const controllers of [
      [open, guarded, filtered],
      [filtered, guarded, open],
    ]) {
      const app = await startApp(adapter, { controllers });
      expect((await app.post('/open/score', {})).body.path).toBe('open');
      expect((await app.post('/filtered/score', {})).body.path).toBe('filtered');
      expect(await app.post('/guarded/score', {})).toMatchObject({
        status: 403,
        body: { error: 'closed' },
      });
      expect((await app.post('/open/score', { fail: true })).status).toBe(500);
      expect((await app.post('/filtered/score', { fail: true })).status).toBe(418);
      await app.close();
    }
  });

  it('is reached past a middleware that is bound to its path', async () => {
    @Module({})
    class Stamping {
      configure(consumer: MiddlewareConsumer) {
        consumer
          .apply((_: IncomingMessage, response: ServerResponse, next: () => void) => {
            response.setHeader('x-stamp', 'yes');
            next();
          })
          .forRoutes({ path: 'open/score', method: RequestMethod.POST }, 'closed/score');
      }
    }
    const app = await startApp(adapter, {
      controllers: [mixin('open'), mixin('closed')],
      imports: [Stamping],
    });
    for (const path of ['/open/score', '/closed/score']) {
      const answer = await app.post(path, '{}', { 'content-type': 'application/xml' });
      expect(answer.status, path).toBe(200);
    }
  });

  it('may be sorted by Nest', async () => {
    @Controller('models')
    class Models {
      @ModelEndpoint(':name', undefined, { bodyLimit: 20 })
      any(_: object, { params }: PredictContext) {
        return { by: 'any', params };
      }

      @ModelEndpoint('special')
      special() {
        return { by: 'special' };
      }

      @Post('host')
      host() {
        return { by: 'host' };
      }

      @Get(':name')
      get(@Param('name') name: string) {
        return { name };
      }
    }
    const app = await startApp(adapter, {
      controllers: [Models],
      setUp: (nest) => nest.get(ApplicationConfig).setRouteResolutionStrategy('specificity'),
    });
    const long = { text: 'x'.repeat(20) };
    expect(await app.post('/models/special', long)).toMatchObject({ body: { by: 'special' } });
    expect((await app.post('/models/other', long)).status).toBe(413);
    expect((await app.post('/models/other', {})).body).toEqual({
      by: 'any',
      params: { name: 'other' },
    });
    expect((await app.post('/models/host', {})).body).toEqual({ by: 'host' });
    expect((await app.get('/models/host')).body).toEqual({ name: 'host' });
  });
});

describe('routes on express', () => {
  function hosted(host: string | undefined, bodyLimit: number, path = 'run'): Type {
    @Controller({ host })
    class Hosted {
      @ModelEndpoint(path, undefined, { bodyLimit })
      run() {
        return { host: host ?? 'any' };
      }
    }
    return Hosted;
  }

  it('may share a path where their hosts differ, each with its own limit', async () => {
    const app = await startApp('express', {
      controllers: [hosted('a.test', 10), hosted(':any.b.test', 40), hosted(undefined, 20)],
    });
    const { port } = new URL(app.url);
    const ask = (host: string, size: number) => askHost(port, host, '/run', '{}'.padEnd(size));
    expect((await ask('a.test', 10)).body).toEqual({ host: 'a.test' });
    expect((await ask('a.test', 11)).status).toBe(413);
    expect((await ask('x.b.test', 40)).body).toEqual({ host: ':any.b.test' });
    expect((await ask('x.b.test', 41)).status).toBe(413);
    expect((await ask('c.test', 20)).body).toEqual({ host: 'any' });
    expect((await ask('c.test', 21)).status).toBe(413);
  });

  it('may not share path and host', async () => {
    const app = await createApp('express', {
      controllers: [hosted('a.test', 10), hosted('a.test', 20)],
    });
    await expect(app.init()).rejects.toThrow('expected a route of its own, got POST /run');
  });

  it('may be chosen by a middleware after the body was read, and hold all the same', async () => {
    @Controller({ path: 'run', version: '1' })
    class Small {
      @ModelEndpoint('', undefined, { bodyLimit: 40, timeout: 100_000 })
      run(input: object, { deadline }: PredictContext) {
        return { by: 'small', input, left: Math.round((deadline - Date.now()) / 50_000) };
      }
    }
    @Controller({ path: 'run', version: '2' })
    class Large {
      @ModelEndpoint('', textSchema(), { bodyLimit: 80, timeout: 1_000_000 })
      run({ text }: { text: string }) {
        return { text: `large ${text}` };
      }
    }
    @Module({})
    class Choosing {
      configure(consumer: MiddlewareConsumer) {
        consumer
          .apply(({ headers }: IncomingMessage, _: ServerResponse, next: () => void) => {
            headers['x-version'] = headers['x-as'] ?? headers['x-version'] ?? '1';
            next();
          })
          .forRoutes('{*path}');
      }
    }
    const app = await startApp('express', {
      controllers: [Small, Large],
      imports: [Choosing],
      setUp: (nest) => nest.enableVersioning({ type: VersioningType.HEADER, header: 'X-Version' }),
    });
    const json = { 'content-type': 'application/json' };
    const padded = JSON.stringify({ text: 'a' }).padEnd(60);
    const ask = async (body: string, headers: Record<string, string>) => {
      const answer = await app.post('/run', body, headers);
      return [answer.status, answer.body.text ?? answer.body.by ?? answer.body.code];
    };
    // By the app's parser, by nobody, for the other endpoint.
    const toSmall: Record<string, string>[] = [json, {}, { 'x-version': '2', 'x-as': '1' }];
    for (const headers of toSmall) {
      expect(await ask('{"text":"a"}', headers)).toEqual([200, 'small']);
      expect(await ask(padded, headers)).toEqual([413, 'RESOURCE_EXHAUSTED']);
      expect(await ask('{"__proto__":{}}', headers)).toEqual([400, 'INVALID_ARGUMENT']);
      expect((await app.post('/run', '{}', headers)).body.left).toBe(2);
    }
    const toLarge: Record<string, string>[] = [
      { ...json, 'x-as': '2' },
      { 'x-version': '3', 'x-as': '2' },
    ];
    for (const headers of toLarge) {
      expect(await ask(padded, headers)).toEqual([200, 'large a']);
      expect(await ask('{"other":1}', headers)).toEqual([400, 'INVALID_ARGUMENT']);
    }
    expect(await ask('{"text":"a"}', { 'x-version': '1', 'x-as': '2' })).toEqual([200, 'large a']);
    expect(await ask('{"text":"a"}', { 'x-version': '1', 'x-as': '4' })).toEqual([404, undefined]);
    const metrics = String((await app.get('/__metrics')).body);
    expect(metrics).toContain('model_serving_in_flight{endpoint="/run"} 0');
  });
});
