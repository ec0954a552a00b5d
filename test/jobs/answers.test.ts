import {
  Catch,
  Header,
  UseFilters,
  UseInterceptors,
  type ArgumentsHost,
  type CallHandler,
  type ExecutionContext,
} from '@nestjs/common';
import { ModelEndpoint, protobufSchema, ServingError } from 'nestjs-model-serving';
import { map, tap } from 'rxjs';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { startRedis, type RedisServer } from '../redis-server.js';
import { ADAPTERS } from '../serving-app.js';
import { apart, locationOf, startJobs, type JobApp } from './job-app.js';

/** The words of Express and Fastify alike for a response. */
interface Response {
  status(status: number): this;
  type(type: string): this;
  header(name: string, value: unknown): this;
  send(body: unknown): this;
}

interface ExpressResponse extends Response {
  json(body: unknown): this;
}

const responseOf = (host: ArgumentsHost) => host.switchToHttp().getResponse<Response>();

@ModelEndpoint('/', undefined, { jobs: true })
class Root {
  predict() {
    return { by: 'root' };
  }
}

@ModelEndpoint('/root', undefined, { jobs: true })
class Named {
  predict() {
    return { by: 'named' };
  }
}

/** JSON has no form for its answer. */
@Catch()
class Unsayable {
  catch(_: unknown, host: ArgumentsHost) {
    responseOf(host).status(400).send({ n: 1n });
  }
}

@UseFilters(Unsayable)
@ModelEndpoint('/unsayable', undefined, { jobs: { attempts: 2 } })
class Throwing {
  predict() {
    throw new RangeError('No');
  }
}

@Catch()
class Teapot {
  catch(_: unknown, host: ArgumentsHost) {
    responseOf(host).status(418).type('text/plain; charset=utf-8').send('a teapot');
  }
}

@UseFilters(Teapot)
@ModelEndpoint('/teapot', undefined, { jobs: { attempts: 1 } })
class Brewing {
  predict() {
    throw new RangeError('No');
  }
}

/** Says no type, and `json()` as only Express has it. */
@Catch()
class Untyped {
  catch({ message }: Error, host: ArgumentsHost) {
    const response = responseOf(host).status(418);
    if (message === 'json') (response as unknown as ExpressResponse).json('a teapot');
    else response.send(message === 'bytes' ? Buffer.from('a teapot') : 'a teapot');
  }
}

@UseFilters(Untyped)
@ModelEndpoint('/untyped', undefined, { jobs: { attempts: 1 } })
class Wordless {
  predict({ how }: { how: string }) {
    throw new RangeError(how);
  }
}

const SETS_COOKIES = {
  intercept: (context: ExecutionContext, next: CallHandler) =>
    next.handle().pipe(tap(() => responseOf(context).header('set-cookie', ['a=1', 'b=2']))),
};

@UseInterceptors(SETS_COOKIES)
@ModelEndpoint('/cookies', undefined, { jobs: true })
class Baking {
  predict() {
    return {};
  }
}

const COUNTS_TRIES = {
  intercept(context: ExecutionContext, next: CallHandler) {
    responseOf(context).header('x-tries-left', 2).header('set-cookie', ['a=1', 'b=2']);
    return next.handle();
  },
};

@UseInterceptors(COUNTS_TRIES)
@ModelEndpoint('/busy', undefined, { jobs: { attempts: 1 } })
class Busy {
  @Header('x-model', 'busy')
  predict() {
    throw new ServingError('Unavailable', 'The model is away', { retryAfter: 7 });
  }
}

const TABLE = {
  intercept: (context: ExecutionContext, next: CallHandler) =>
    next.handle().pipe(
      map(({ n }: { n: number }) => {
        responseOf(context).header('content-type', 'text/csv; charset=utf-8');
        return `n\n${n}\n`;
      }),
    ),
};

@UseInterceptors(TABLE)
@ModelEndpoint('/table', undefined, { jobs: true })
class Tabular {
  predict() {
    return { n: 7 };
  }
}

@ModelEndpoint('/packed', undefined, { jobs: true, compress: true })
class Packing {
  predict({ length }: { length?: number }) {
    return { text: 'a'.repeat(length ?? 5_000) };
  }
}

const EMPTY = protobufSchema({
  file: 'empty.proto',
  files: { 'empty.proto': 'syntax = "proto3"; message Request {} message Response {}' },
});

@ModelEndpoint('/empty', EMPTY, { jobs: true })
class Empty {
  predict() {
    return {};
  }
}

let redis: RedisServer;
beforeAll(async () => {
  redis = await startRedis();
});
afterAll(() => redis.stop());

describe.each(
  ADAPTERS.flatMap((adapter) => [[adapter, 'Redis'] as const, [adapter, 'memory'] as const]),
)('jobs on %s, kept in %s', (adapter, keeper) => {
  let app: JobApp;
  beforeEach(async () => {
    const controllers = [
      Root,
      Named,
      Throwing,
      Brewing,
      Wordless,
      Baking,
      Busy,
      Tabular,
      Packing,
      Empty,
    ];
    const connection = keeper === 'Redis' ? redis.url : 'memory';
    app = await startJobs(adapter, { controllers }, apart(connection));
  });
  afterEach(() => app.close());

  async function resultOf(path: string, body = {}) {
    const location = locationOf(await app.submit(path, body));
    const job = await app.ended(location);
    return { job, result: await app.request('GET', `${location}/result`) };
  }

  it('are run by the handler of their own endpoint, however alike the paths are', async () => {
    for (const [path, by] of [
      ['/', 'root'],
      ['/root', 'named'],
    ] as const) {
      for (let count = 0; count < 4; count++) {
        expect((await resultOf(path)).result.body).toEqual({ by });
      }
    }
  });

  it('fail where a filter answers what cannot be said', async () => {
    const { job, result } = await resultOf('/unsayable');
    expect(job).toMatchObject({ state: 'failed', attempts: 2, error: { code: 'INTERNAL' } });
    expect(result.status).toBe(500);
  });

  it('have the answer of a filter, in its type', async () => {
    const { job, result } = await resultOf('/teapot');
    expect(job.state).toBe('failed');
    expect(result.status).toBe(418);
    expect(result.headers.get('content-type')).toBe('text/plain; charset=utf-8');
    expect(String(result.body)).toBe('a teapot');
  });

  it('have the type that the framework gives what a filter says none of', async () => {
    for (const how of adapter === 'express' ? ['text', 'bytes', 'json'] : ['text', 'bytes']) {
      const { result } = await resultOf('/untyped', { how });
      const call = await app.request('POST', '/untyped', { how });
      expect([result.status, result.body]).toEqual([call.status, call.body]);
      expect(result.headers.get('content-type'), how).toBe(call.headers.get('content-type'));
    }
  });

  it('are compressed where those of calls are', async () => {
    for (const [length, encodings] of [
      [5_000, ['gzip', 'br', 'identity']],
      [10, ['gzip']],
    ] as const) {
      const location = locationOf(await app.submit('/packed', { length }));
      await app.ended(location);
      for (const encoding of encodings) {
        const headers = { 'accept-encoding': encoding };
        const result = await app.request('GET', `${location}/result`, undefined, headers);
        const call = await app.request('POST', '/packed', { length }, headers);
        expect(result.body).toEqual(call.body);
        for (const name of ['content-encoding', 'vary', 'content-type', 'content-length']) {
          expect(result.headers.get(name), name).toBe(call.headers.get(name));
        }
      }
    }
  });

  it('may have no byte at all', async () => {
    const type = 'application/x-protobuf';
    const location = locationOf(await app.submit('/empty', {}, { accept: type }));
    await app.ended(location);
    const { status, headers, body } = await app.request('GET', `${location}/result`);
    expect([status, headers.get('content-type'), body.length]).toEqual([200, type, 0]);
  });

  it('have the headers that the call would have had, and its type', async () => {
    for (const [path, status] of [
      ['/busy', 503],
      ['/table', 200],
    ] as const) {
      const { result } = await resultOf(path);
      const call = await app.request('POST', path, {});
      expect([result.status, call.status]).toEqual([status, status]);
      for (const name of ['content-type', 'x-model', 'x-tries-left', 'set-cookie', 'retry-after']) {
        expect(result.headers.get(name), name).toBe(call.headers.get(name));
      }
      if (path === '/table') expect(result.body).toEqual(call.body);
    }
  });

  it('have each of several headers of one name', async () => {
    expect((await resultOf('/cookies')).result.headers.getSetCookie()).toEqual(['a=1', 'b=2']);
  });
});
