import type { Type } from '@nestjs/common';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { connect, type ClientHttp2Session, type IncomingHttpHeaders } from 'node:http2';
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { register } from 'prom-client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ADAPTERS, createApp, type Adapter } from '../serving-app.js';
import { CapturedLog } from './captured-log.js';
import { ECHO_PATHS, EchoModel } from './model.js';
import { conversations } from './request-corpus.js';
import { ResultModel } from './result-models.js';
import { TORTURE } from './torture-corpus.js';
import { comparable, converse, withoutIds } from './wire.js';

/** One app serves by the direct lane and the other by Nest's route, under prefixes of one length. */
const WAYS = ['/lane', '/nest'] as const;
type Way = (typeof WAYS)[number];

/** Paths that mean themselves; `/by/name/:name` does not. */
const LITERAL = [...ECHO_PATHS, '/small', '/returns', '/later', '/fails', '/never', '/context'];

/** The models under names of their own, which tell the lines of the apps' one log apart. */
function modelsOf(way: Way): Type[] {
  return [EchoModel, ResultModel].map((model) => {
    const own = class extends model {};
    Object.defineProperty(own, 'name', { value: `${model.name}Of${way}` });
    return own;
  });
}

async function start(adapter: Adapter | FastifyAdapter, way: Way) {
  const app = await createApp(adapter, {
    controllers: modelsOf(way),
    options: way === '/lane' ? {} : { defaults: { direct: false } },
  });
  const log = new CapturedLog();
  app.useLogger(log);
  app.setGlobalPrefix(way);
  await app.listen(0, '127.0.0.1');
  return { app, log, url: await app.getUrl() };
}

type Running = Awaited<ReturnType<typeof start>>;

async function startBoth(adapter: () => Adapter | FastifyAdapter) {
  const lane = await start(adapter(), '/lane');
  const nest = await start(adapter(), '/nest');
  return { '/lane': lane, '/nest': nest } satisfies Record<Way, Running>;
}

const blind = (value: string) => withoutIds(value).replaceAll(/\/(?:lane|nest)\b/gi, '/way');

/**
 * What metrics say of one app's endpoints, but for times. Whether a client that hangs up is still told
 * that its request is wrong is a race on either way: both are counted as one. So is whether a deadline
 * passes before a handler that never answers has started.
 */
async function metricsOf(way: Way): Promise<string[]> {
  const counts = new Map<string, number>();
  for (const line of (await register.metrics()).split('\n')) {
    if (!line.includes(`endpoint="${way}`)) continue;
    if (/_seconds_(?:sum|bucket)|_(?:sum|bucket)\{/.test(line)) continue;
    if (/_(?:inference|queue)_duration.*\/never"/.test(line)) continue;
    const [series, count] = line.split(/ (?=\S+$)/) as [string, string];
    const told = blind(series)
      .replace('status="499"', 'status="400"')
      .replace('outcome="cancelled"', 'outcome="invalid"');
    counts.set(told, (counts.get(told) ?? 0) + Number(count));
  }
  return [...counts].map(([series, count]) => `${series} ${count}`).sort();
}

async function metricsThatDiffer(): Promise<string[]> {
  const [lane, nest] = [await metricsOf('/lane'), await metricsOf('/nest')];
  expect(lane.length).toBeGreaterThan(10);
  return [
    ...lane.filter((line) => !nest.includes(line)).map((line) => `lane ${line}`),
    ...nest.filter((line) => !lane.includes(line)).map((line) => `nest ${line}`),
  ];
}

/** All but the line a second, which tells how many there were in it. */
function linesOf(way: Way, logs: readonly CapturedLog[]): string[] {
  return logs
    .flatMap(({ lines }) => lines)
    .filter(({ text }) => text.includes(`Of${way}`) && !/ \d+ requests? \(\d+\): /.test(text))
    .map(({ level, text }) => `${level} ${blind(text).replaceAll(/\n +at .*/g, '')}`)
    .sort();
}

describe.each(ADAPTERS)('the direct lane and the route of Nest on %s', (adapter) => {
  let apps: Awaited<ReturnType<typeof startBoth>>;
  beforeAll(async () => {
    apps = await startBoth(() => adapter);
  });
  afterAll(() => Promise.all(WAYS.map((way) => apps[way].app.close())));

  it('are what the apps take', () => {
    const taken = (way: Way) =>
      apps[way].log.lines.filter(({ text }) => text.includes('takes')).map(({ text }) => text);
    const [lane, nest] = WAYS.map(taken) as [string[], string[]];
    for (const path of LITERAL) {
      expect(lane).toContain(`POST /lane${path} takes the direct lane | DirectLane`);
      expect(nest).toContain(
        `POST /nest${path} takes Nest's route: its option direct is false | DirectLane`,
      );
    }
  });

  it.each(conversations('/way').map(([what], index) => [what, index] as const))(
    'cannot be told apart: %s',
    async (what, index) => {
      const [lane, nest] = await Promise.all(
        WAYS.map(async (way) => {
          const [, script, hangUp] = conversations(way)[index]!;
          return blind(comparable(await converse(apps[way].url, script, hangUp)));
        }),
      );
      expect(lane, what).toBe(nest);
    },
  );

  it.each(['/free', '/checked'])(
    'cannot be told apart by bodies to %s',
    { timeout: 120_000 },
    async (path) => {
      for (const [what, body] of TORTURE) {
        const [lane, nest] = await Promise.all(
          WAYS.map(async (way) => {
            const length = Buffer.byteLength(body);
            const head = `POST ${way}${path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: ${length}\r\n\r\n`;
            const script = [Buffer.concat([Buffer.from(head), Buffer.from(body)])];
            return blind(comparable(await converse(apps[way].url, script)));
          }),
        );
        expect(lane, what).toBe(nest);
      }
    },
  );

  it('cannot be told apart by metrics and log', async () => {
    await expect.poll(metricsThatDiffer).toEqual([]);
    const logs = WAYS.map((way) => apps[way].log);
    expect(linesOf('/lane', logs)).toEqual(linesOf('/nest', logs));
    expect(linesOf('/lane', logs).length).toBeGreaterThan(100);
  });
});

describe('the direct lane and the route of Nest over HTTP/2', () => {
  let apps: Awaited<ReturnType<typeof startBoth>>;
  const sessions = {} as Record<Way, ClientHttp2Session>;
  beforeAll(async () => {
    apps = await startBoth(() => new FastifyAdapter({ http2: true }));
    for (const way of WAYS) sessions[way] = connect(apps[way].url);
  });
  afterAll(async () => {
    for (const way of WAYS) sessions[way].destroy();
    await Promise.all(WAYS.map((way) => apps[way].app.close()));
  });

  async function ask(way: Way, headers: Record<string, string>, body: string) {
    const stream = sessions[way].request({ ':method': 'POST', ...headers }, { endStream: false });
    stream.on('error', () => {});
    stream.end(body);
    const [answer] = (await once(stream, 'response')) as [IncomingHttpHeaders];
    const told = Object.entries({ ...answer, date: '' }).sort();
    return blind(JSON.stringify([told, await text(stream)]));
  }

  it.each([
    [{}, '{"text":"größer"}'],
    [{}, ''],
    [{}, '{'],
    [{ 'x-request-id': 'mine' }, '{}'],
    [{ 'content-encoding': 'zstd' }, '{}'],
    [{ 'content-encoding': 'gzip' }, '{}'],
    [{ 'x-request-timeout-ms': 'soon' }, '{}'],
    [{ origin: 'https://evil.test' }, '{}'],
    [{ ':method': 'GET' }, ''],
    [{ ':method': 'OPTIONS' }, ''],
    [{ ':path': '/nowhere' }, '{}'],
    [{}, `{"a":"${'x'.repeat(100_000)}"}`],
  ] as [Record<string, string>, string][])('cannot be told apart: %j %s', async (headers, body) => {
    for (const path of ['/free', '/checked', '/small', '/free-cached']) {
      const [lane, nest] = await Promise.all(
        WAYS.map((way) => ask(way, { ':path': way + path, ...headers }, body)),
      );
      expect(lane, path).toBe(nest);
    }
  });

  it('are what the apps take: Fastify handles requests of one of them', async () => {
    let handled = 0;
    const count = () => handled++;
    subscribe('tracing:fastify.request.handler:start', count);
    await ask('/lane', { ':path': '/lane/free' }, '{}');
    expect(handled).toBe(0);
    await ask('/nest', { ':path': '/nest/free' }, '{}');
    expect(handled).toBe(1);
    unsubscribe('tracing:fastify.request.handler:start', count);
  });

  it('cannot be told apart by metrics', async () => {
    await expect.poll(metricsThatDiffer).toEqual([]);
  });
});
