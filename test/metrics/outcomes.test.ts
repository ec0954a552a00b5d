import { gzipSync } from 'node:zlib';
import { once } from 'node:events';
import {
  BadGatewayException,
  Catch,
  Controller,
  HttpException,
  NotFoundException,
  UnauthorizedException,
  UseFilters,
  UseGuards,
  UseInterceptors,
  type ArgumentsHost,
  type CallHandler,
  type CanActivate,
  type ExceptionFilter,
  type ExecutionContext,
  type NestInterceptor,
} from '@nestjs/common';
import { InvalidRequest, ModelEndpoint, type PredictContext } from 'nestjs-model-serving';
import { register } from 'prom-client';
import { catchError, concatMap, of, throwError, type Observable } from 'rxjs';
import { beforeEach, describe, expect, it } from 'vitest';
import { deferred, type Deferred } from '../endpoint/deferred.js';
import { openSocket } from '../http/raw-request.js';
import { textSchema } from '../http/text-schema.js';
import { ADAPTERS, startApp, type RunningApp } from '../serving-app.js';
import { scrapeAtRest, scrapeWhen, type Scrape } from './scrape.js';

let running: Deferred<unknown>[] = [];
beforeEach(() => {
  running = [];
  register.clear();
});

class Guard implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    const { headers } = context.switchToHttp().getRequest();
    if (headers['x-guard'] === 'throws') throw new UnauthorizedException();
    return headers['x-guard'] !== 'refuses';
  }
}

class Interceptor implements NestInterceptor {
  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    const { headers } = context.switchToHttp().getRequest();
    if (headers['x-interceptor'] === 'answers') return of({ text: 'from the interceptor' });
    const answer = next.handle();
    if (headers['x-interceptor'] === 'fails afterwards')
      return answer.pipe(concatMap(() => throwError(() => new Error('late'))));
    if (headers['x-interceptor'] === 'recovers') return answer.pipe(catchError(() => of({})));
    return answer;
  }
}

class OwnError extends Error {}

@Catch(OwnError)
class OwnFilter implements ExceptionFilter {
  catch(error: OwnError, host: ArgumentsHost): void {
    const response = host.switchToHttp().getResponse();
    const raw = response.raw ?? response;
    if (response.raw) response.hijack();
    raw.statusCode = Number(error.message);
    raw.end('{}');
  }
}

function act({ text }: { text?: string }, { signal }: PredictContext): unknown {
  switch (text) {
    case 'invalid':
      throw new InvalidRequest('no');
    case 'error':
      throw new Error('no');
    case 'rejection':
      return Promise.reject(new Error('no'));
    case 'not found':
      throw new NotFoundException();
    case 'bad gateway':
      throw new BadGatewayException();
    case 'teapot':
      throw new HttpException('no', 418);
    case 'own 422':
      throw new OwnError('422');
    case 'own 200':
      throw new OwnError('200');
    case 'bad answer':
      return { count: 'many' };
    case 'wait': {
      void signal;
      const answer = deferred<unknown>();
      running.push(answer);
      return answer.promise;
    }
    default:
      return { text: 'done' };
  }
}

@UseGuards(Guard)
@UseFilters(OwnFilter)
@Controller()
class Models {
  @ModelEndpoint('/plain', textSchema(), { bodyLimit: 1_000, maxConcurrency: 1, maxQueue: 1 })
  plain(input: { text?: string }, context: PredictContext) {
    return act(input, context);
  }

  @UseInterceptors(Interceptor)
  @ModelEndpoint('/intercepted', textSchema(), { bodyLimit: 1_000 })
  intercepted(input: { text?: string }, context: PredictContext) {
    return act(input, context);
  }
}

type Case = [
  what: string,
  status: number,
  outcome: string,
  body?: unknown,
  headers?: Record<string, string>,
];

const CASES: Case[] = [
  ['a good request', 200, 'ok', { text: 'a' }],
  ['a body that is not JSON', 400, 'invalid', '{"text":'],
  ['an empty body', 400, 'invalid'],
  ['an array', 400, 'invalid', '[]'],
  ['bytes that are not UTF-8', 400, 'invalid', new Uint8Array([0x7b, 0xff, 0x7d])],
  ['bytes that are not gzip', 400, 'invalid', '{}', { 'content-encoding': 'gzip' }],
  ['what breaks the schema', 400, 'invalid', { count: 'x' }],
  ['a deadline that is no number', 400, 'invalid', {}, { 'x-request-timeout-ms': 'soon' }],
  ['InvalidRequest', 400, 'invalid', { text: 'invalid' }],
  ['too large a body', 413, 'invalid', { text: 'a'.repeat(1_000) }],
  [
    'too large a body once it is inflated',
    413,
    'invalid',
    new Uint8Array(gzipSync(JSON.stringify({ text: 'a'.repeat(5_000) }))),
    { 'content-encoding': 'gzip' },
  ],
  ['an unknown encoding', 415, 'invalid', '{}', { 'content-encoding': 'zstd' }],
  ['a guard that refuses', 403, 'rejected', {}, { 'x-guard': 'refuses' }],
  ['a guard that throws', 401, 'rejected', {}, { 'x-guard': 'throws' }],
  ['an Error of the handler', 500, 'error', { text: 'error' }],
  ['a rejection of the handler', 500, 'error', { text: 'rejection' }],
  ['an answer that breaks the schema', 500, 'error', { text: 'bad answer' }],
  ['an HttpException 404', 404, 'invalid', { text: 'not found' }],
  ['an HttpException 418', 418, 'invalid', { text: 'teapot' }],
  ['an HttpException 502', 502, 'error', { text: 'bad gateway' }],
  ['a deadline that passes', 504, 'timeout', { text: 'wait' }, { 'x-request-timeout-ms': '20' }],
  ['a filter of the app that says 422', 422, 'invalid', { text: 'own 422' }],
  ['a filter of the app that says 200', 200, 'ok', { text: 'own 200' }],
];

const INTERCEPTED: Case[] = [
  ['an interceptor that answers', 200, 'ok', {}, { 'x-interceptor': 'answers' }],
  ['one that fails afterwards', 500, 'error', {}, { 'x-interceptor': 'fails afterwards' }],
  [
    'one that makes an answer of an error',
    200,
    'ok',
    { text: 'invalid' },
    { 'x-interceptor': 'recovers' },
  ],
];

/** One request, counted once, everywhere. */
function expectOne(found: Scrape, endpoint: string, outcome: string, status: number): void {
  expect(found.outcomes(endpoint)).toEqual({ [outcome]: 1 });
  expect(found.statuses(endpoint)).toEqual({ [status]: 1 });
  expect(found.by('method', 'model_serving_request_duration_seconds_count', { endpoint })).toEqual({
    POST: 1,
  });
}

const waiting = (app: RunningApp, count: number) =>
  scrapeWhen(app, (found) => expect(found.sum('model_serving_in_flight')).toBe(count));

describe.each(ADAPTERS)('a request is counted once, on %s:', (adapter) => {
  it.each(CASES)('%s', async (_, status, outcome, body, headers) => {
    const app = await startApp(adapter, { controllers: [Models] });
    for (const path of ['/plain', '/intercepted']) {
      expect((await app.post(path, body, headers)).status).toBe(status);
      expectOne(await scrapeAtRest(app), path, outcome, status);
    }
    expect((await scrapeAtRest(app)).sum('model_serving_requests_total')).toBe(2);
  });

  it.each(INTERCEPTED)('%s', async (_, status, outcome, body, headers) => {
    const app = await startApp(adapter, { controllers: [Models] });
    expect((await app.post('/intercepted', body, headers)).status).toBe(status);
    const found = await scrapeAtRest(app);
    expectOne(found, '/intercepted', outcome, status);
    expect(found.sum('model_serving_requests_total')).toBe(1);
  });

  it('a client that leaves while it is sending', async () => {
    const app = await startApp(adapter, { controllers: [Models] });
    const socket = await openSocket(app.url);
    socket.write('POST /plain HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\n{"text":');
    await waiting(app, 1);
    socket.destroy();
    expectOne(await scrapeAtRest(app), '/plain', 'cancelled', 499);
  });

  it('a client that ends its side while it is sending', async () => {
    const app = await startApp(adapter, { controllers: [Models] });
    const socket = await openSocket(app.url);
    socket.write('POST /plain HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\n{"text":');
    await waiting(app, 1);
    socket.resume().end();
    await once(socket, 'close');
    const found = await scrapeAtRest(app);
    expect(found.sum('model_serving_requests_total')).toBe(1);
  });

  it.each(['/plain', '/intercepted'])(
    'a client that leaves while it is waited for (%s)',
    async (path) => {
      const app = await startApp(adapter, { controllers: [Models] });
      const socket = await openSocket(app.url);
      const body = '{"text":"wait"}';
      socket.write(
        `POST ${path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
      );
      await expect.poll(() => running.length).toBe(1);
      socket.destroy();
      expectOne(await scrapeAtRest(app), path, 'cancelled', 499);
      // What the handler does afterwards changes nothing.
      running[0]!.resolve({ text: 'late' });
      await new Promise((resolve) => setImmediate(resolve));
      expectOne(await scrapeAtRest(app), path, 'cancelled', 499);
    },
  );

  it('a full queue, and a client that leaves it', async () => {
    const app = await startApp(adapter, { controllers: [Models] });
    const first = app.post('/plain', { text: 'wait' });
    await expect.poll(() => running.length).toBe(1);
    const socket = await openSocket(app.url);
    socket.write('POST /plain HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\n\r\n{}');
    await scrapeWhen(app, (found) => expect(found.sum('model_serving_queue_depth')).toBe(1));
    expect((await app.post('/plain', {})).status).toBe(429);
    socket.destroy();
    await waiting(app, 1);
    running[0]!.resolve({});
    await first;
    const found = await scrapeAtRest(app);
    expect(found.outcomes('/plain')).toEqual({ ok: 1, rejected: 1, cancelled: 1 });
    expect(found.statuses('/plain')).toEqual({ 200: 1, 429: 1, 499: 1 });
  });

  it('all of them together', async () => {
    const app = await startApp(adapter, { controllers: [Models] });
    const plain = CASES.map(([, , , body, headers]) => app.post('/intercepted', body, headers));
    const more = INTERCEPTED.map(([, , , body, headers]) =>
      app.post('/intercepted', body, headers),
    );
    await Promise.all([...plain, ...more]);
    const found = await scrapeAtRest(app);
    const expected: Record<string, number> = {};
    for (const [, , outcome] of [...CASES, ...INTERCEPTED])
      expected[outcome] = (expected[outcome] ?? 0) + 1;
    expect(found.outcomes('/intercepted')).toEqual(expected);
    expect(found.sum('model_serving_requests_total')).toBe(CASES.length + INTERCEPTED.length);
    expect(found.sum('model_serving_request_duration_seconds_count')).toBe(
      CASES.length + INTERCEPTED.length,
    );
  });
});
