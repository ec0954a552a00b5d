import {
  ModelEndpoint,
  protobufSchema,
  ServingError,
  type PredictContext,
} from 'nestjs-model-serving';
import { request as httpRequest } from 'node:http';
import { JobsModule } from 'nestjs-model-serving/jobs';
import { callEndpoint } from 'nestjs-model-serving/testing';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { CapturedLog } from '../http/captured-log.js';
import { startRedis, type RedisServer } from '../redis-server.js';
import { ADAPTERS, createApp } from '../serving-app.js';
import { apart, locationOf, startJobs } from './job-app.js';

let redis: RedisServer;
beforeAll(async () => {
  redis = await startRedis();
});
afterAll(() => redis.stop());

const schema = protobufSchema({
  file: 'double.proto',
  files: {
    'double.proto':
      'syntax = "proto3"; message Request { int32 x = 1; bytes image = 2; } message Response { int32 x = 1; }',
  },
});

@ModelEndpoint('/double', schema, { jobs: true, cache: true })
class Doubler {
  static runs = 0;
  predict({ x = 0, image }: { x?: number; image?: Buffer }) {
    Doubler.runs++;
    if (x === 13) throw new ServingError('InvalidRequest', 'Not thirteen');
    return { x: 2 * x + (image?.length ?? 0) };
  }
}

@ModelEndpoint('/plain', undefined, { jobs: { maxWaiting: 2, maxPayload: 64, maxResult: 100 } })
class Plain {
  static open: (() => void)[] = [];
  async predict({ length, wait }: { length: number; wait?: boolean }, context: PredictContext) {
    if (wait) await new Promise<void>((resolve) => Plain.open.push(resolve));
    return { text: 'x'.repeat(length), params: context.params, query: context.query };
  }
}

@ModelEndpoint('/count', undefined, { jobs: { maxResult: 30 }, stream: true })
class Counter {
  async *predict({ to }: { to: number }) {
    for (let i = 0; i < to; i++) yield { i };
  }
}

@ModelEndpoint('/fresh', schema, { jobs: true })
class Fresh extends Doubler {}

@ModelEndpoint('/sync')
class Sync {
  predict() {
    return { sync: true };
  }
}

const controllers = [Doubler, Fresh, Plain, Counter, Sync];

describe.each(ADAPTERS)('on %s', (adapter) => {
  describe.each(['Redis', 'memory'] as const)('jobs in %s', (keeper) => {
    const options = () => apart(keeper === 'memory' ? 'memory' : redis.url);
    const start = (more = {}) => startJobs(adapter, { controllers }, { ...options(), ...more });

    it('takes a call, runs it, and gives the result it would have had', async () => {
      const { submit, ended, request } = await start();
      const taken = await submit('/double', { x: 21 }, { 'x-request-id': 'mine' });
      expect(taken.status).toBe(202);
      expect(taken.headers.get('preference-applied')).toBe('respond-async');
      expect(Number(taken.headers.get('retry-after'))).toBeGreaterThanOrEqual(1);
      expect(taken.headers.get('x-request-id')).toBe('mine');
      const location = locationOf(taken);
      expect(location).toMatch(/^\/double\/jobs\/[0-9a-f]{32}$/);
      const job = await ended(location);
      expect(job).toMatchObject({ id: taken.body.id, state: 'succeeded', done: true, attempts: 1 });
      expect(Date.parse(job.createdAt)).toBeLessThanOrEqual(Date.parse(job.finishedAt));
      const result = await request('GET', `${location}/result`);
      const sync = await request('POST', '/double', { x: 21 });
      expect(result.status).toBe(200);
      expect(result.body).toEqual(sync.body);
      expect(result.headers.get('content-type')).toBe(sync.headers.get('content-type'));
    });

    it('answers at once what needs no job: a mistake, a kept answer', async () => {
      const { submit, request } = await start();
      const wrong = await submit('/double', { x: 'many' });
      expect(wrong).toMatchObject({ status: 400, body: { code: 'INVALID_ARGUMENT' } });
      expect(wrong.body.details[0].path).toBe('$.x');
      expect(await submit('/double', '{')).toMatchObject({ status: 400 });
      await request('POST', '/double', { x: 4 });
      const hit = await submit('/double', { x: 4 });
      expect(hit).toMatchObject({ status: 200, body: { x: 8 } });
      expect(hit.headers.get('x-cache')).toBe('HIT');
      expect(await submit('/sync', {})).toMatchObject({ status: 200, body: { sync: true } });
    });

    it('waits as long as the client would, and then answers as ever', async () => {
      const { submit, request } = await start();
      const answered = await submit('/double', { x: 5 }, { prefer: 'respond-async, wait=20' });
      expect(answered).toMatchObject({ status: 200, body: { x: 10 } });
      expect(answered.headers.get('preference-applied')).toBe('wait=20');
      const taken = await submit(
        '/plain',
        { length: 1, wait: true },
        { prefer: 'wait=0, respond-async' },
      );
      const location = locationOf(taken);
      await expect.poll(() => Plain.open.length).toBe(1);
      const early = await request('GET', `${location}/result`);
      expect(early).toMatchObject({ status: 202, body: { state: 'running' } });
      expect(early.headers.get('retry-after')).toMatch(/^\d+$/);
      const waiting = request('GET', location, undefined, { prefer: 'wait=20' });
      Plain.open.pop()!();
      expect(await waiting).toMatchObject({ status: 200, body: { state: 'succeeded' } });
    });

    it('lets many clients wait at once', async () => {
      const { submit, request } = await start({ process: false });
      const location = locationOf(await submit('/plain', {}));
      const warnings: Error[] = [];
      const warn = (warning: Error) => warnings.push(warning);
      process.on('warning', warn);
      onTestFinished(() => void process.off('warning', warn));
      const wait = { prefer: 'wait=1' };
      const patient = Array.from({ length: 12 }, () => request('GET', location, undefined, wait));
      for (const { status } of await Promise.all(patient)) expect(status).toBe(200);
      expect(warnings).toEqual([]);
    });

    it('says how long it would have waited, which may be shorter than the client wants', async () => {
      const { submit, request } = await start({ process: false });
      const prefer = 'respond-async, wait=9999';
      const patient = await submit('/plain', {}, { prefer, 'x-request-timeout-ms': '1000' });
      expect(patient.headers.get('preference-applied')).toBe('respond-async, wait=1');
      const location = locationOf(patient);
      expect((await request('DELETE', location)).status).toBe(204);
      const status = await request('GET', location, undefined, { prefer: 'wait=9999' });
      expect(status.headers.get('preference-applied')).toBe('wait=60');
      const running = await start();
      const answered = await running.submit('/double', { x: 6 }, { prefer });
      expect(answered.headers.get('preference-applied')).toBe('wait=30');
    });

    it('keeps a failure as the call would have had it', async () => {
      const { submit, ended, request } = await start();
      const location = locationOf(await submit('/double', { x: 13 }, { 'x-request-id': 'bad' }));
      expect(await ended(location)).toMatchObject({
        state: 'failed',
        attempts: 1,
        error: { error: 'Not thirteen', code: 'INVALID_ARGUMENT', requestId: 'bad' },
      });
      const result = await request('GET', `${location}/result`);
      const sync = await request('POST', '/double', { x: 13 }, { 'x-request-id': 'bad' });
      expect(result.status).toBe(400);
      expect(result.body).toEqual(sync.body);
    });

    it('makes jobs of every body, and gives answers in every form', async () => {
      const { submit, ended, request } = await start();
      const form = new FormData();
      form.append('image', new Blob([new Uint8Array(7)]), 'a.png');
      const binary = { 'content-type': 'application/x-protobuf', accept: 'application/x-protobuf' };
      const bodies: [unknown, Record<string, string>][] = [
        [form, {}],
        [new Uint8Array(7), { 'content-type': 'image/png' }],
      ];
      for (const [body, headers] of bodies) {
        const location = locationOf(await submit('/fresh', body, headers));
        await ended(location);
        expect((await request('GET', `${location}/result`)).body).toEqual({ x: 7 });
      }
      const location = locationOf(await submit('/fresh', new Uint8Array([8, 100]), binary));
      await ended(location);
      const result = await request('GET', `${location}/result`);
      expect(result.headers.get('content-type')).toBe('application/x-protobuf');
      expect([...result.body]).toEqual([8, 200, 1]);
      const query = locationOf(await submit('/plain?a=1&a=2', { length: 1 }));
      await ended(query);
      expect((await request('GET', `${query}/result`)).body.query).toEqual({ a: ['1', '2'] });
    });

    it('gives of a stream the array of its items', async () => {
      const { submit, ended, request } = await start();
      const location = locationOf(await submit('/count', { to: 3 }));
      await ended(location);
      expect(await request('GET', `${location}/result`)).toMatchObject({
        status: 200,
        body: [{ i: 0 }, { i: 1 }, { i: 2 }],
      });
      expect(await ended(locationOf(await submit('/count', { to: 9 })))).toMatchObject({
        state: 'failed',
        error: { code: 'RESOURCE_EXHAUSTED' },
      });
    });

    it('refuses what is too much: waiting jobs, bytes of a body, bytes of a result', async () => {
      const { submit } = await start({ process: false });
      const large = await submit('/plain', { length: 1, more: 'x'.repeat(64) });
      expect(large).toMatchObject({ status: 413, body: { code: 'RESOURCE_EXHAUSTED' } });
      expect(large.body.error).toMatch(/at most 64 bytes/);
      const taken = await Promise.all([1, 2, 3, 4].map((length) => submit('/plain', { length })));
      expect(taken.map(({ status }) => status).toSorted()).toEqual([202, 202, 429, 429]);
      const refused = taken.find(({ status }) => status === 429)!;
      expect(refused.headers.get('retry-after')).toMatch(/^\d+$/);
      const { submit: submitTo, ended } = await start();
      expect(await ended(locationOf(await submitTo('/plain', { length: 100 })))).toMatchObject({
        state: 'failed',
        error: {
          code: 'RESOURCE_EXHAUSTED',
          error: expect.stringMatching(/larger than 100 bytes/),
        },
      });
    });

    it('finds by an Idempotency-Key the job that was made before', async () => {
      const { submit, ended, url } = await start();
      const key = { 'idempotency-key': 'order 7' };
      const location = locationOf(await submit('/fresh', { x: 100 }, key));
      expect(locationOf(await submit('/fresh', { x: 100 }, key))).toBe(location);
      await ended(location);
      expect(locationOf(await submit('/fresh', { x: 100 }, key))).toBe(location);
      const other = await submit('/fresh', { x: 101 }, key);
      expect(other).toMatchObject({ status: 422, body: { code: 'FAILED_PRECONDITION' } });
      const odd = ['', 'x'.repeat(256), 'é', ['a', 'b'], ['a', 'a']];
      for (const one of odd) {
        const keys = [one].flat().map((text) => ['idempotency-key', text] as [string, string]);
        const headers = [['prefer', 'respond-async'], ['host', 'a'], ...keys].flat();
        expect(await statusOf(`${url}/fresh`, headers), `${one}`).toBe(400);
      }
      const long = { 'idempotency-key': 'x'.repeat(255) };
      expect((await submit('/fresh', { x: 102 }, long)).status).toBe(202);
    });

    it('finds by an Idempotency-Key a form that was sent again', async () => {
      const { submit } = await start();
      const key = { 'idempotency-key': 'form' };
      const form = (x: string, image: string) => {
        const data = new FormData();
        data.set('x', x);
        data.set('image', new Blob([image]));
        return data;
      };
      const location = locationOf(await submit('/fresh', form('7', 'abc'), key));
      expect(locationOf(await submit('/fresh', form('7', 'abc'), key))).toBe(location);
      expect((await submit('/fresh', form('7', 'abd'), key)).status).toBe(422);
      expect((await submit('/fresh', form('8', 'abc'), key)).status).toBe(422);
      expect((await submit('/fresh', { x: 7 }, key)).status).toBe(422);
    });

    it('takes the direct lane where it would without jobs', async () => {
      const log = new CapturedLog();
      await startJobs(adapter, { controllers, setUp: log.attach }, options());
      expect(log.lines.map(({ text }) => text)).toContainEqual(
        expect.stringContaining('POST /plain takes the direct lane'),
      );
    });

    it('closes an app that never listened', async () => {
      const imports = [JobsModule.forRoot(options())];
      const app = await createApp(adapter, { controllers, imports });
      await app.init();
      expect(await callEndpoint(app, '/plain', { length: 1 })).toMatchObject({ text: 'x' });
      await app.close();
    });

    it('forgets what has ended when it is told to, and when its time is over', async () => {
      const { submit, ended, request } = await start();
      const location = locationOf(await submit('/double', { x: 300 }));
      await ended(location);
      expect((await request('DELETE', location)).status).toBe(204);
      for (const path of [location, `${location}/result`, '/double/jobs/unknown']) {
        expect(await request('GET', path)).toMatchObject({
          status: 404,
          body: { code: 'NOT_FOUND' },
        });
      }
      expect((await request('DELETE', location)).status).toBe(404);
      const { submit: submitTo, request: requestOf } = await start({ resultTtl: 1 });
      const short = locationOf(await submitTo('/double', { x: 301 }));
      await expect.poll(async () => (await requestOf('GET', short)).status).toBe(404);
    });
  });
});

/** Of a call with headers as they are written, name by name, of which there may be several. */
function statusOf(url: string, headers: string[]): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    const sent = httpRequest(url, { method: 'POST', headers: headers as never, agent: false });
    sent.on('response', (response) => resolve(response.resume().statusCode));
    sent.on('error', reject).end('{}');
  });
}
