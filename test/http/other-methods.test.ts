import {
  All,
  Controller,
  Get,
  Module,
  Post,
  type INestApplication,
  type MiddlewareConsumer,
} from '@nestjs/common';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { ModelEndpoint } from 'nestjs-model-serving';
import { describe, expect, it } from 'vitest';
import { ADAPTERS, startApp, type Adapter, type RunningApp } from '../serving-app.js';
import { rawRequest } from './raw-request.js';

@Controller()
class Models {
  @ModelEndpoint('/score')
  score() {
    return {};
  }

  @ModelEndpoint('/models/:name/score')
  named() {
    return {};
  }

  @ModelEndpoint('/files/*')
  files() {
    return {};
  }

  @ModelEndpoint('/shared')
  shared() {
    return { by: 'model' };
  }
}

@Controller({ host: 'a.test' })
class OnHost {
  @ModelEndpoint('/hosted')
  hosted() {
    return {};
  }
}

@Controller()
class Host {
  @Get('shared')
  shared() {
    return { by: 'host' };
  }

  @Get('models/list')
  list() {
    return { by: 'host' };
  }

  @Post('only')
  only() {
    return { by: 'host' };
  }
}

@Controller()
class Wildcard {
  @All('*')
  any() {
    return { by: 'wildcard' };
  }
}

const controllers = [Models, OnHost, Host];
const PATHS = ['/score', '/score?a=1', '/models/a%2Fb/score', '/files/a/b', '/shared'];
const METHODS = ['PUT', 'PATCH', 'DELETE', 'OPTIONS', 'HEAD', 'GET'];

async function ask(app: RunningApp, method: string, path: string, headers = {}) {
  const response = await fetch(app.url + path, {
    method,
    headers: { connection: 'close', ...headers },
  });
  const text = await response.text();
  return { status: response.status, headers: response.headers, text };
}

const start = (adapter: Adapter, setUp?: (app: INestApplication) => void, more: never[] = []) =>
  startApp(adapter, { controllers: [...controllers, ...more], setUp });

describe.each(ADAPTERS)('another method on an endpoint on %s', (adapter) => {
  it('is told how to call it', async () => {
    const app = await start(adapter);
    for (const path of PATHS) {
      for (const method of METHODS) {
        if (path === '/shared' && ['GET', 'HEAD'].includes(method)) continue;
        const { status, headers, text } = await ask(app, method, path, { 'x-request-id': 'r1' });
        const what = `${method} ${path}`;
        expect(status, what).toBe(405);
        expect(headers.get('allow'), what).toBe('POST');
        expect(headers.get('x-request-id'), what).toBe('r1');
        if (method === 'HEAD') continue;
        expect(JSON.parse(text), what).toEqual({
          error: `Expected POST with a JSON object as the body, got ${method}`,
          code: 'UNIMPLEMENTED',
          requestId: 'r1',
        });
      }
    }
  });

  it('stays with the host where a route of its own answers, or none of ours is there', async () => {
    const app = await start(adapter);
    expect((await ask(app, 'GET', '/shared')).text).toBe('{"by":"host"}');
    expect((await app.post('/shared', {})).body).toEqual({ by: 'model' });
    expect((await ask(app, 'GET', '/models/list')).text).toBe('{"by":"host"}');
    for (const path of ['/only', '/nowhere', '/score/x', '/models//score']) {
      expect(JSON.parse((await ask(app, 'GET', path)).text), path).toEqual({
        message: `Cannot GET ${path}`,
        error: 'Not Found',
        statusCode: 404,
      });
    }
  });

  it('is that of the endpoint’s host only', async () => {
    const app = await start(adapter);
    const url = new URL(app.url);
    const head = (host: string) => [`GET http://${host}/hosted HTTP/1.1`];
    const { status } = await rawRequest(url.href, [...head('localhost')]);
    expect(status).toBe(404);
    const response = await ask(app, 'GET', '/hosted');
    expect(response.status).toBe(404);
  });

  it('is below prefix and version, and nowhere else', async () => {
    const app = await start(adapter, (nest) => {
      nest.setGlobalPrefix('api', { exclude: ['score'] });
    });
    expect((await ask(app, 'GET', '/score')).status).toBe(405);
    expect((await ask(app, 'GET', '/api/score')).status).toBe(404);
    expect((await ask(app, 'GET', '/api/models/m/score')).status).toBe(405);
    expect((await ask(app, 'GET', '/models/m/score')).status).toBe(404);
  });

  it('is a wildcard’s of the host', async () => {
    const app = await start(adapter, undefined, [Wildcard as never]);
    expect((await ask(app, 'GET', '/score')).text).toBe('{"by":"wildcard"}');
    expect((await app.post('/score', {})).body).toEqual({});
  });

  it('is a middleware’s, and an OPTIONS is that of CORS', async () => {
    @Module({})
    class Late {
      configure(consumer: MiddlewareConsumer) {
        consumer
          .apply((request: IncomingMessage, response: ServerResponse, next: () => void) =>
            request.method === 'DELETE' ? void response.writeHead(204).end() : next(),
          )
          .forRoutes('score');
      }
    }
    const app = await startApp(adapter, {
      controllers,
      imports: [Late],
      setUp: (nest) => nest.enableCors(),
    });
    expect((await ask(app, 'DELETE', '/score')).status).toBe(204);
    const preflight = { origin: 'http://a.b', 'access-control-request-method': 'POST' };
    const { status, headers } = await ask(app, 'OPTIONS', '/score', preflight);
    expect(status).toBe(204);
    expect(headers.get('access-control-allow-origin')).toBe('*');
    expect((await ask(app, 'GET', '/score', { origin: 'http://a.b' })).status).toBe(405);
    expect((await app.post('/score', {})).status).toBe(200);
  });
});
