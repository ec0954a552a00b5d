import {
  All,
  Controller,
  Injectable,
  Scope,
  Inject,
  UseGuards,
  UseInterceptors,
  UseFilters,
  VersioningType,
  Catch,
  HttpException,
  type ArgumentsHost,
  type CallHandler,
  type CanActivate,
  type ExceptionFilter,
  type ExecutionContext,
  type NestInterceptor,
} from '@nestjs/common';
import { BaseExceptionFilter, HttpAdapterHost, REQUEST } from '@nestjs/core';
import { map } from 'rxjs';
import { ModelEndpoint, protobufSchema, type PredictContext } from 'nestjs-model-serving';
import { describe, expect, it } from 'vitest';
import { CapturedLog } from '../http/captured-log.js';
import { ADAPTERS, type Answer } from '../serving-app.js';
import { apart, locationOf, startJobs } from './job-app.js';

/** Lets in whoever has a name that begins with a capital letter. */
@Injectable()
class NameGuard implements CanActivate {
  static asked = 0;
  canActivate(context: ExecutionContext): boolean {
    NameGuard.asked++;
    return /^[A-Z]/.test(context.switchToHttp().getRequest().headers['authorization'] ?? '');
  }
}

@UseGuards(NameGuard)
@ModelEndpoint('/guarded', undefined, { jobs: true })
class Guarded {
  predict(_: object, { headers }: PredictContext) {
    return { for: headers['authorization'] };
  }
}

@ModelEndpoint('/owned', undefined, {
  jobs: { owner: ({ headers }) => String(headers['x-tenant'] ?? '') },
})
class Owned {
  predict() {
    return { owned: true };
  }
}

@ModelEndpoint('/late-owner', undefined, {
  jobs: { owner: (async () => Promise.reject(new Error('Too late'))) as never },
})
class LateOwner extends Owned {}

/** Sets the user whom a session belongs to. */
@Injectable()
class SessionGuard implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    const request = context.switchToHttp().getRequest();
    const { authorization, 'x-key': key = 'id' } = request.headers;
    request.user = { [key]: String(authorization).split('#')[0], name: 'x' };
    return true;
  }
}

@UseGuards(SessionGuard)
@ModelEndpoint('/session', undefined, { jobs: true })
class Session {
  predict() {
    return {};
  }
}

@Controller('tenants/:tenant')
class Tenants {
  @ModelEndpoint('classify', undefined, { jobs: true })
  classify(_: object, { params }: PredictContext) {
    return { tenant: params['tenant'] };
  }
}

class Wrap implements NestInterceptor {
  intercept(_: ExecutionContext, next: CallHandler) {
    return next.handle().pipe(map((data) => ({ data })));
  }
}

@Catch(RangeError)
class Teapot implements ExceptionFilter {
  catch(_: RangeError, host: ArgumentsHost) {
    const response = host.switchToHttp().getResponse();
    response.status(418);
    response.send({ teapot: true });
  }
}

@UseInterceptors(Wrap)
@UseFilters(Teapot)
@ModelEndpoint('/wrapped', undefined, { jobs: true })
class Wrapped {
  predict({ fail }: { fail?: boolean }) {
    if (fail) throw new RangeError('out of tea');
    return { plain: true };
  }
}

@Catch()
class Wordy implements ExceptionFilter {
  catch(_: Error, host: ArgumentsHost) {
    const response = host.switchToHttp().getResponse();
    response.header('set-cookie', ['a=1', 'b=2']).header('x-a', '1').removeHeader('x-a');
    response.status(418).type('text/plain').send('teapot');
  }
}

@UseFilters(Wordy)
@ModelEndpoint('/wordy', undefined, { jobs: { attempts: 1 } })
class WordyEndpoint {
  predict() {
    throw new RangeError('out of tea');
  }
}

/** Has one form for every failure. */
@Catch()
class Curt implements ExceptionFilter {
  catch({ message }: Error, host: ArgumentsHost) {
    host.switchToHttp().getResponse().status(418).send({ curt: message });
  }
}

/** Nest's own form, as an app has it that adds to it. */
@Catch()
class Reporting extends BaseExceptionFilter {}

@UseFilters(Reporting)
@ModelEndpoint('/reported', undefined, { jobs: true })
class Reported {
  predict() {
    throw new HttpException({ reported: true }, 451);
  }
}

/** The filter for everything of Nest's documentation. */
@Catch()
class Everything implements ExceptionFilter {
  constructor(readonly host: HttpAdapterHost) {}
  catch(_: Error, host: ArgumentsHost) {
    const { httpAdapter } = this.host;
    const http = host.switchToHttp();
    const path: unknown = httpAdapter.getRequestUrl(http.getRequest());
    httpAdapter.reply(http.getResponse(), { path }, 418);
  }
}

@UseFilters(Everything)
@ModelEndpoint('/everything', undefined, { jobs: { attempts: 1 } })
class EverythingEndpoint extends WordyEndpoint {}

const number = protobufSchema({
  file: 'number.proto',
  files: {
    'number.proto':
      'syntax = "proto3"; message Request { int32 x = 1; } message Response { int32 x = 1; }',
  },
});

@UseFilters(Curt)
@ModelEndpoint('/curt', number, { jobs: { maxPayload: 10 } })
class CurtEndpoint {
  predict({ x }: { x?: number }) {
    return { x };
  }
}

/** In the words that only one of the adapters has, as an app says them that has that one. */
class Setting implements NestInterceptor {
  intercept(context: ExecutionContext, next: CallHandler) {
    const response = context.switchToHttp().getResponse();
    if (response.set) response.set({ 'x-a': '1', 'X-B': 2 }).append('x-list', 'a');
    else response.headers({ 'x-a': '1', 'X-B': 2 }).header('x-list', 'a');
    return next.handle();
  }
}

@UseInterceptors(Setting)
@ModelEndpoint('/setting', undefined, { jobs: { attempts: 1 } })
class SettingEndpoint {
  predict() {
    return { set: true };
  }
}

@Injectable({ scope: Scope.REQUEST })
class Asker {
  constructor(@Inject(REQUEST) readonly request: { headers: Record<string, string> }) {}
}

@ModelEndpoint('/scoped', undefined, { jobs: true })
class Scoped {
  constructor(readonly asker: Asker) {}
  predict() {
    return { asker: this.asker.request.headers['x-asker'] };
  }
}

const controllers = [
  Guarded,
  Owned,
  LateOwner,
  Session,
  Tenants,
  Wrapped,
  WordyEndpoint,
  CurtEndpoint,
  Reported,
  EverythingEndpoint,
  SettingEndpoint,
  Scoped,
];
const as = (authorization: string) => ({ authorization });

describe.each(ADAPTERS)('on %s', (adapter) => {
  const start = (setUp?: Parameters<typeof startJobs>[1]['setUp']) =>
    startJobs(adapter, { controllers, providers: [Asker], setUp }, apart('memory'));

  it('asks guards at submission and at each route of a job, and not when it runs', async () => {
    const { submit, request, ended } = await start();
    expect((await submit('/guarded', {})).status).toBe(403);
    NameGuard.asked = 0;
    const location = locationOf(await submit('/guarded', {}, as('Ada')));
    expect(NameGuard.asked).toBe(1);
    await ended(location, as('Ada'));
    const paths: [string, string][] = [
      ['GET', location],
      ['GET', `${location}/result`],
      ['DELETE', location],
    ];
    for (const [method, path] of paths) {
      expect(await request(method, path)).toMatchObject({
        status: 403,
        body: { code: 'PERMISSION_DENIED' },
      });
      expect(await request(method, path, undefined, as('Bob'))).toMatchObject({
        status: 404,
        body: { code: 'NOT_FOUND' },
      });
    }
    const result = await request('GET', `${location}/result`, undefined, as('Ada'));
    expect(result.body).toEqual({ for: 'Ada' });
  });

  it('keeps the jobs of owners apart, their idempotency keys as well', async () => {
    const { submit, request, ended } = await start();
    const key = { 'idempotency-key': 'one' };
    const one = { 'x-tenant': 'one' };
    const other = { 'x-tenant': 'other' };
    const location = locationOf(await submit('/owned', {}, { ...one, ...key }));
    expect((await request('GET', location, undefined, other)).status).toBe(404);
    expect(locationOf(await submit('/owned', { a: 1 }, { ...other, ...key }))).not.toBe(location);
    expect(await ended(location, one)).toMatchObject({ state: 'succeeded' });
  });

  it('refuses where the owner is a promise, which may fail', async () => {
    const { submit, request } = await start();
    expect((await submit('/late-owner', {})).status).toBe(500);
    expect((await request('GET', '/late-owner/jobs/any')).status).toBe(500);
  });

  it('lets go of whom it cannot answer, where the log of the app fails', async () => {
    const log = new CapturedLog();
    log.error = () => {
      throw new Error('The disk is full');
    };
    const { submit, request } = await start(log.attach);
    await expect(submit('/late-owner', {})).rejects.toThrow('fetch failed');
    await expect(request('GET', '/late-owner/jobs/any')).rejects.toThrow('fetch failed');
    expect((await request('GET', '/owned/jobs/any')).status).toBe(404);
  });

  it('knows a caller again by the user that a guard has set, whatever the credentials', async () => {
    const { submit, request } = await start();
    for (const key of ['id', 'sub', 'userId']) {
      const by = (name: string) => ({ ...as(name), 'x-key': key });
      const location = locationOf(await submit('/session', {}, by('ada#1')));
      expect((await request('GET', location, undefined, by('ada#2'))).status).toBe(200);
      expect((await request('GET', location, undefined, by('bob#1'))).status).toBe(404);
    }
  });

  it('keeps apart what was sent to different places', async () => {
    const { submit, request, ended } = await start();
    const location = locationOf(await submit('/tenants/a/classify', {}));
    expect(location).toMatch(/^\/tenants\/a\/classify\/jobs\//);
    await ended(location);
    expect((await request('GET', `${location}/result`)).body).toEqual({ tenant: 'a' });
    expect((await request('GET', location.replace('/a/', '/b/'))).status).toBe(404);
    expect((await request('GET', location.replace('/tenants/a/classify', '/owned'))).status).toBe(
      404,
    );
  });

  it('runs interceptors and filters of the app once, as for a call', async () => {
    const { submit, request, ended } = await start();
    const location = locationOf(await submit('/wrapped', {}));
    expect(await ended(location)).toMatchObject({ id: expect.any(String), state: 'succeeded' });
    expect((await request('GET', `${location}/result`)).body).toEqual({ data: { plain: true } });
    const failing = locationOf(await submit('/wrapped', { fail: true }));
    await expect.poll(async () => (await request('GET', failing)).body.done).toBe(true);
    const result = await request('GET', `${failing}/result`);
    const sync = await request('POST', '/wrapped', { fail: true });
    expect(result).toMatchObject({ status: sync.status, body: sync.body });
  });

  it('takes past filters of the app what is refused before there is a job, and at its routes', async () => {
    const { submit, request } = await start();
    const wrong = await submit('/curt', { x: 'no' });
    const sync = await request('POST', '/curt', { x: 'no' });
    expect(wrong).toMatchObject({ status: 418, body: { curt: expect.stringMatching(/int32/) } });
    expect(wrong.body).toEqual(sync.body);
    const location = locationOf(await submit('/curt', { x: 7 }));
    for (const refused of [
      await submit('/curt', { x: 1_234_567 }),
      await submit('/curt', { x: 7 }, { 'idempotency-key': 'é' }),
      await request('GET', '/curt/jobs/unknown'),
    ]) {
      expect(refused).toMatchObject({ status: 418, body: { curt: expect.any(String) } });
    }
    expect((await request('GET', location)).status).toBe(200);
  });

  it('lets the app say its answers in the words it has for a call', async () => {
    const { submit, ended, request } = await start();
    const said = ({ status, headers, body }: Answer) => ({
      status,
      // Express adds the charset, where Fastify says the type as it is.
      type: headers.get('content-type')!.split(';')[0],
      cookies: headers.getSetCookie(),
      own: ['x-a', 'x-b', 'x-list'].map((name) => headers.get(name)),
      body: Buffer.isBuffer(body) ? String(body) : body,
    });
    for (const path of ['/wordy', '/setting']) {
      const location = locationOf(await submit(path, {}));
      await ended(location);
      const result = await request('GET', `${location}/result`);
      expect(said(result)).toEqual(said(await request('POST', path, {})));
    }
  });

  it('takes failures past filters that answer by way of Nest and its adapter', async () => {
    const { submit, ended, request } = await start();
    for (const [path, status] of [
      ['/reported', 451],
      ['/everything?a=1', 418],
    ] as const) {
      const location = locationOf(await submit(path, {}));
      expect(await ended(location)).toMatchObject({ state: 'failed', attempts: 1 });
      const result = await request('GET', `${location}/result`);
      const sync = await request('POST', path, {});
      expect([result.status, sync.status]).toEqual([status, status]);
      expect(result.body).toEqual(sync.body);
    }
  });

  it('shows request-scoped providers the headers that the job was sent with', async () => {
    const { submit, request, ended } = await start();
    const location = locationOf(await submit('/scoped', {}, { 'x-asker': 'Ada' }));
    await ended(location);
    expect((await request('GET', `${location}/result`)).body).toEqual({ asker: 'Ada' });
  });

  it('has its routes before any wildcard of the host', async () => {
    @Controller()
    class Pages {
      @All(adapter === 'express' ? '*path' : '*')
      page() {
        return 'a page';
      }
    }
    const { submit, request, ended } = await startJobs(
      adapter,
      { controllers: [Owned, Pages] },
      apart('memory'),
    );
    const location = locationOf(await submit('/owned', {}));
    expect(await ended(location)).toMatchObject({ state: 'succeeded' });
    expect((await request('GET', `${location}/result`)).body).toEqual({ owned: true });
    expect((await request('DELETE', location)).status).toBe(204);
    expect(String((await request('GET', '/elsewhere')).body)).toBe('a page');
  });

  it('stands inside prefix and version', async () => {
    const prefixed = await start((app) => {
      app.setGlobalPrefix('api');
      app.enableVersioning({ type: VersioningType.URI, defaultVersion: '2' });
    });
    const location = locationOf(await prefixed.submit('/api/v2/owned', {}));
    expect(location).toMatch(/^\/api\/v2\/owned\/jobs\//);
    await prefixed.ended(location);
    const byHeader = await start((app) => {
      app.enableVersioning({ type: VersioningType.HEADER, header: 'x-v', defaultVersion: '2' });
    });
    const found = locationOf(await byHeader.submit('/owned', {}, { 'x-v': '2' }));
    await byHeader.ended(found, { 'x-v': '2' });
    expect((await byHeader.request('GET', found, undefined, { 'x-v': '3' })).status).toBe(404);
  });
});
