import { Controller, ForbiddenException } from '@nestjs/common';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import fc from 'fast-check';
import { once } from 'node:events';
import { request, type IncomingMessage } from 'node:http';
import { text } from 'node:stream/consumers';
import { ModelEndpoint, type PredictContext } from 'nestjs-model-serving';
import { describe, expect, it } from 'vitest';
import { ADAPTERS, createApp, type Adapter } from '../serving-app.js';
import { CapturedLog } from './captured-log.js';
import { OBSTACLES, type Answer, type Obstacle, type Parts } from './obstacles.js';

type Named = readonly [name: string, obstacle: Obstacle];

const obstaclesOn = (adapter: Adapter): Named[] =>
  Object.entries(OBSTACLES).filter(([, one]) => (one.adapter ?? adapter) === adapter);

/** An app with obstacles, and what they and its one endpoint have seen. */
async function start(adapter: Adapter, obstacles: readonly Named[]) {
  let calls = 0;
  const marks = new Set<string>();
  class Model {
    run(_: object, { headers }: PredictContext) {
      calls++;
      if (headers['x-throw'] !== undefined) throw new RangeError('as asked');
      return { instance: instanceOf(this) };
    }
  }
  const instances: object[] = [];
  function instanceOf(model: object): number {
    if (!instances.includes(model)) instances.push(model);
    return instances.indexOf(model);
  }
  Controller()(Model);
  const descriptor = Object.getOwnPropertyDescriptor(Model.prototype, 'run')!;
  ModelEndpoint('/run')(Model.prototype, 'run', descriptor as never);

  const parts: Omit<Parts, 'visit'> = {
    model: Model,
    providers: [],
    imports: [],
    fastify: {},
    setUp: [],
    afterBoot: [],
  };
  for (const [name, { put }] of obstacles) {
    put({
      ...parts,
      visit({ headers }) {
        marks.add(name);
        if (headers['x-refuse'] === name) throw new ForbiddenException(name);
      },
    });
  }
  const log = new CapturedLog();
  const app = await createApp(adapter === 'express' ? adapter : new FastifyAdapter(parts.fastify), {
    controllers: [Model],
    providers: parts.providers,
    imports: parts.imports,
  });
  app.useLogger(log);
  for (const setUp of parts.setUp) setUp(app);
  await app.listen(0, '127.0.0.1');
  const told = log.lines.find(({ text }) => text.startsWith('POST /run takes '))!.text;
  for (const add of parts.afterBoot) add(app);
  const { port, hostname: host } = new URL(await app.getUrl());

  async function ask(headers: Record<string, string> = {}): Promise<Answer> {
    const client = request({
      port,
      host,
      path: '/run',
      method: 'POST',
      agent: false,
      headers: {
        'content-type': 'application/json',
        'content-length': 2,
        'x-version': '1',
        origin: 'https://page.test',
        ...headers,
      },
    });
    client.end('{}');
    const [response] = (await once(client, 'response')) as [IncomingMessage];
    const body = await text(response);
    const { statusCode, headers: answered } = response;
    return { status: statusCode!, headers: answered, body: parsed(body) };
  }

  async function isHonoured([name, obstacle]: Named): Promise<void> {
    if (obstacle.isHonoured !== undefined) {
      expect(await obstacle.isHonoured(ask), name).toBe(true);
      return;
    }
    marks.clear();
    await ask();
    await expect.poll(() => marks.has(name), { message: name }).toBe(true);
    if (obstacle.isMeek) return;
    const before = calls;
    const { status } = await ask({ 'x-refuse': name });
    expect([status >= 400, calls - before], name).toEqual([true, 0]);
  }

  return { app, told, isHonoured, ask };
}

function parsed(body: string): Record<string, unknown> {
  try {
    return JSON.parse(body) as Record<string, unknown>;
  } catch {
    return {};
  }
}

const DIRECT = 'POST /run takes the direct lane | DirectLane';

describe.each(ADAPTERS)('what stands before an endpoint on %s', (adapter) => {
  it('is nothing in a plain app, which takes the direct lane', async () => {
    const { app, told, ask } = await start(adapter, []);
    expect(told).toBe(DIRECT);
    expect(await ask()).toMatchObject({ status: 200, body: { instance: 0 } });
    await app.close();
  });

  it.each(obstaclesOn(adapter))('has its say: %s', async (name, obstacle) => {
    const { app, told, isHonoured } = await start(adapter, [[name, obstacle]]);
    try {
      const isOpen = obstacle.staysOpen === true || obstacle.isLate === true;
      if (isOpen) expect(told).toBe(DIRECT);
      else expect(told).toMatch(/^POST \/run takes Nest's route: .+/);
      await isHonoured([name, obstacle]);
    } finally {
      await app.close();
    }
  });

  it('has its say whatever else there is', { timeout: 120_000 }, async () => {
    const together = obstaclesOn(adapter).filter(([, { isLast }]) => isLast !== true);
    const some = fc.subarray(together, { minLength: 2, maxLength: 6 });
    const check = fc.asyncProperty(some, async (obstacles) => {
      const { app, isHonoured } = await start(adapter, obstacles);
      try {
        for (const obstacle of obstacles) await isHonoured(obstacle);
      } finally {
        await app.close();
      }
    });
    // Bodies that are read at once were not over for the parser behind them.
    const found = ['a guard of APP_GUARD', 'app.use of a router'];
    const example = together.filter(([name]) => found.includes(name));
    await fc.assert(check, { numRuns: 15, endOnFailure: true, examples: [[example]] });
  });
});
