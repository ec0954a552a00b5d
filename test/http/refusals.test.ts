import {
  Catch,
  Controller,
  ForbiddenException,
  HttpException,
  UseFilters,
  UseGuards,
  type ArgumentsHost,
  type CanActivate,
  type ExceptionFilter,
  type ExecutionContext,
} from '@nestjs/common';
import { ModelEndpoint } from 'nestjs-model-serving';
import { describe, expect, it } from 'vitest';
import { deferred } from '../endpoint/deferred.js';
import { ADAPTERS, startApp, type Adapter } from '../serving-app.js';
import { CapturedLog } from './captured-log.js';
import { openSocket } from './raw-request.js';

class Guard implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    const { headers } = context.switchToHttp().getRequest();
    if (headers['x-guard'] === 'throws') throw new ForbiddenException('no\n[Nest] forged');
    return headers['x-guard'] === undefined;
  }
}

/** As an app has one that gives errors its own shape. */
@Catch(HttpException)
class OwnShape implements ExceptionFilter {
  catch(error: HttpException, host: ArgumentsHost): void {
    const response = host.switchToHttp().getResponse();
    const raw = response.raw ?? response;
    if (response.raw) response.hijack();
    raw.statusCode = error.getStatus();
    raw.end('{}');
  }
}

@Controller()
class Models {
  started = deferred();
  go = deferred();

  @UseGuards(Guard)
  @ModelEndpoint('/models/:id', undefined, { bodyLimit: 100 })
  guarded({ status }: { status?: number }) {
    if (status !== undefined) throw new HttpException(`it is ${status}`, status);
    return {};
  }

  @UseGuards(Guard)
  @UseFilters(OwnShape)
  @ModelEndpoint('/filtered')
  filtered() {
    return {};
  }

  @ModelEndpoint('/busy', undefined, { maxConcurrency: 1, maxQueue: 0 })
  async busy() {
    this.started.resolve();
    await this.go.promise;
    return {};
  }
}

async function start(adapter: Adapter) {
  const log = new CapturedLog();
  const app = await startApp(adapter, { controllers: [Models], setUp: log.attach });
  const told = (level: string) =>
    log.lines.filter((line) => line.level === level && !line.text.endsWith('DirectLane'));
  return { log, app, told };
}

const PATH = '/models/a%0Ab';
const headers = (id: string, more = {}) => ({ 'x-request-id': id, ...more });

type Case = [status: number, reason: RegExp, body: unknown, headers: Record<string, string>];
const CASES: Case[] = [
  [403, /Forbidden resource/, {}, { 'x-guard': 'refuses' }],
  [401, /it is 401/, { status: 401 }, {}],
  [413, /at most 100 bytes/, 'x'.repeat(101), {}],
  [415, /got "zstd"/, {}, { 'content-encoding': 'zstd' }],
  [415, /got image\/png/, {}, { 'content-type': 'image/png' }],
  [415, /another origin/, {}, { 'content-type': 'text/plain', 'sec-fetch-site': 'cross-site' }],
  [429, /it is 429/, { status: 429 }, {}],
  [502, /it is 502/, { status: 502 }, {}],
  [503, /it is 503/, { status: 503 }, {}],
  [504, /Deadline exceeded/, {}, { 'x-request-timeout-ms': '0' }],
];

describe.each(ADAPTERS)('refusals in the log on %s', (adapter) => {
  it.each(CASES)('of status %i (%s) are a warning with their number', async (...refused) => {
    const [status, reason, body, more] = refused;
    const { app, told } = await start(adapter);
    for (const id of ['first', 'second', 'third']) {
      expect((await app.post(PATH, body, headers(id, more))).status).toBe(status);
    }
    await app.close();
    const warnings = told('warn').map(({ text }) => text);
    const counts = warnings.map((text) => {
      const refused = new RegExp(`/models/:id refused (\\d) requests? \\(${status}\\): `).exec(
        text,
      );
      return Number(refused?.[1]);
    });
    // A busy machine may take more than a second for the three.
    expect(counts.reduce((sum, count) => sum + count)).toBe(3);
    expect(warnings[0]).toMatch(/^\[first\] /);
    for (const text of warnings) expect(text).toMatch(reason);
    const each = told('debug').map(({ text }) => text);
    for (const [index, id] of ['first', 'second', 'third'].entries()) {
      expect(each[index]).toMatch(`[${id}] /models/:id refused a request (${status}): `);
      expect(each[index]).toMatch(reason);
    }
    expect(each).toHaveLength(3);
  });

  it('of a full queue, and those that a filter of the app answers in its own shape', async () => {
    const { app, told } = await start(adapter);
    const model = app.app.get(Models);
    const running = app.post('/busy', {});
    await model.started.promise;
    expect((await app.post('/busy', {}, headers('full'))).status).toBe(429);
    model.go.resolve();
    await running;
    const refused = await app.post('/filtered', {}, headers('own', { 'x-guard': 'refuses' }));
    expect(refused).toMatchObject({ status: 403, body: '{}' });
    await app.close();
    expect(told('warn').map(({ text }) => text)).toEqual(
      expect.arrayContaining([
        expect.stringContaining('[full] /busy refused 1 request (429): Too many requests'),
        expect.stringContaining('[own] /filtered refused 1 request (403): Forbidden'),
      ]),
    );
  });

  it('by another method name the endpoint, too', async () => {
    const { app, told } = await start(adapter);
    expect((await app.get('/busy')).status).toBe(405);
    await app.close();
    expect(told('warn').map(({ text }) => text)).toEqual([
      expect.stringMatching(
        /^\[[\w-]+\] \/busy refused 1 request \(405\): Expected POST .* got GET/,
      ),
    ]);
  });

  it('and clients that leave, at a level that asks for no one', async () => {
    const { app, told } = await start(adapter);
    const model = app.app.get(Models);
    const socket = await openSocket(app.url);
    socket.write(
      'POST /busy HTTP/1.1\r\nHost: a\r\nX-Request-Id: gone\r\nContent-Length: 2\r\n\r\n{}',
    );
    await model.started.promise;
    socket.destroy();
    await expect.poll(() => told('debug').length).toBe(1);
    model.go.resolve();
    await app.close();
    expect(told('warn')).toEqual([]);
    expect(told('log').map(({ text }) => text)).toContainEqual(
      expect.stringContaining('[gone] /busy lost 1 request (499): The client went away'),
    );
  });

  it('hold no client’s text as it is, and a bad request is told at debug only', async () => {
    const { app, log, told } = await start(adapter);
    await app.post(PATH, {}, headers('a', { 'x-guard': 'throws' }));
    await app.post(PATH, '{"a":\u001b[2J\n[Nest]', headers('b'));
    await app.post(PATH, { status: 404 }, headers('c'));
    expect((await app.post(PATH, {})).status).toBe(200);
    await app.close();
    expect(told('warn')).toHaveLength(1);
    expect(told('debug')).toHaveLength(3);
    for (const { text } of log.lines.filter(({ text }) => /^\[[abc]\]/.test(text))) {
      expect(text).toMatch(/^[\x20-\x7e]*$/);
      expect(text.length).toBeLessThan(400);
    }
    expect(log.lines.some(({ text }) => text.includes('no\\n[Nest] forged'))).toBe(true);
  });
});
