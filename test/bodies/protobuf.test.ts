import { once } from 'node:events';
import { connect } from 'node:http2';
import { buffer } from 'node:stream/consumers';
import { gzipSync } from 'node:zlib';
import {
  Controller,
  ForbiddenException,
  Injectable,
  UnauthorizedException,
  UseGuards,
  UseInterceptors,
  type CallHandler,
  type CanActivate,
  type ExecutionContext,
  type NestInterceptor,
} from '@nestjs/common';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { ModelEndpoint } from 'nestjs-model-serving';
import { register } from 'prom-client';
import { map, of } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { deferred } from '../endpoint/deferred.js';
import { CapturedLog } from '../http/captured-log.js';
import { startApp, WAYS } from '../serving-app.js';
import { BINARY, decode, encode, post } from './binary-client.js';
import { PictureModels, RequestType, ResponseType } from './picture-model.js';
import { statusOf } from './status.js';

const types = { request: RequestType, response: ResponseType };
const BOTH = { 'content-type': BINARY, accept: BINARY };
const MESSAGE = {
  image: Buffer.from('00ff', 'hex').toString('base64'),
  label: 'größer',
  score: 0.5,
  big: '9007199254740993',
  mode: 'EXACT',
  weights: [1, 2.5],
  inner: { deep: 'a', sizes: [1, -1] },
};

@Injectable()
class Refusing implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    const { headers } = context.switchToHttp().getRequest<{ headers: Record<string, string> }>();
    if (headers['x-as'] === 'nobody') throw new UnauthorizedException('Who is it?');
    if (headers['x-as'] === 'guest') throw new ForbiddenException('Not you');
    return true;
  }
}

@Controller()
@UseGuards(Refusing)
class GuardedModels {
  @ModelEndpoint('/guarded', types)
  guarded(request: object) {
    return { request };
  }
}

@Injectable()
class Replacing implements NestInterceptor {
  intercept(context: ExecutionContext, next: CallHandler) {
    const { headers } = context.switchToHttp().getRequest<{ headers: Record<string, string> }>();
    const put = headers['x-put'];
    if (put === undefined) {
      return next.handle().pipe(map((answer: object) => ({ ...answer, size: 99 })));
    }
    return of(put === 'nothing' ? undefined : (JSON.parse(put) as unknown));
  }
}

@Controller()
@UseInterceptors(Replacing)
class ReplacedModels {
  @ModelEndpoint('/replaced', types)
  replaced(request: object) {
    return { request };
  }
}

@Controller()
class BusyModels {
  readonly begun = deferred();
  readonly released = deferred<object>();

  @ModelEndpoint('/late', types, { timeout: 1 })
  late() {
    return new Promise(() => {});
  }

  @ModelEndpoint('/full', types, { maxConcurrency: 1, maxQueue: 0 })
  full() {
    this.begun.resolve();
    return this.released.promise;
  }
}

const controllers = [PictureModels, GuardedModels, ReplacedModels, BusyModels];

describe.each(WAYS)('protobuf on %s', (way) => {
  it('goes in and out as the message that JSON says', async () => {
    const { url, post: postJson } = await startApp(way, { controllers });
    const json = await postJson('/picture', MESSAGE);
    for (const type of [BINARY, 'application/protobuf', 'Application/VND.google.protobuf']) {
      const sent = { 'content-type': `${type}; charset=utf-8; messageType="a.B"`, accept: type };
      const { status, headers, bytes } = await post(`${url}/picture`, encode(MESSAGE), sent);
      expect(status).toBe(200);
      expect(headers.get('content-type')).toBe(type.toLowerCase());
      expect(headers.get('content-length')).toBe(String(bytes.length));
      expect(headers.get('x-request-id')).toBeTruthy();
      expect(decode(bytes)).toEqual(json.body);
    }
  });

  it('is chosen by Accept alone, with its q-values', async () => {
    const { url } = await startApp(way, { controllers });
    const accepted: [accept: string, type: string][] = [
      ['application/json, application/x-protobuf', 'application/json; charset=utf-8'],
      ['application/x-protobuf, application/json', BINARY],
      ['application/json;q=0.5, application/protobuf;q=0.6', 'application/protobuf'],
      ['application/x-protobuf;q=0.5, */*', 'application/json; charset=utf-8'],
      ['application/x-protobuf;q=0', 'application/json; charset=utf-8'],
      ['application/x-protobuf, */*;q=0.1', BINARY],
      ['*/*', 'application/json; charset=utf-8'],
      ['application/x-protobuffers', 'application/json; charset=utf-8'],
      [`${'a/b, '.repeat(2_000)}application/x-protobuf`, BINARY],
      ['application/x-protobuf; messageType="a.B, c"; charset=utf-8', BINARY],
      [
        'application/protobuf;proto=a.B;encoding=delimited;q=0.7, a/b;q=0.9',
        'application/protobuf',
      ],
      [
        'application/json; charset=utf-8, application/x-protobuf;q=0.5',
        'application/json; charset=utf-8',
      ],
      ['application/json;a=b;q=0.4, application/x-protobuf;q=0.5;a=b', BINARY],
    ];
    for (const [accept, type] of accepted) {
      for (const [body, sent] of [
        [encode(MESSAGE), BINARY],
        [JSON.stringify(MESSAGE), 'application/json'],
      ] as const) {
        const reply = await post(`${url}/picture`, body, { 'content-type': sent, accept });
        expect([reply.status, reply.headers.get('content-type')], accept).toEqual([200, type]);
      }
    }
  });

  it('is never guessed to be JSON, and unknown fields are ignored', async () => {
    const { url } = await startApp(way, { controllers });
    // `{"label":"a"}` begins with the start of a group that never ends.
    const guessed = await post(`${url}/picture`, '{"label":"a"}', { 'content-type': BINARY });
    expect(guessed.status).toBe(400);
    const unknown = Buffer.concat([encode({ label: 'a' }), Buffer.from('f87f01', 'hex')]);
    expect(decode((await post(`${url}/picture`, unknown, BOTH)).bytes).request).toEqual({
      label: 'a',
    });
    const empty = await post(`${url}/picture`, new Uint8Array(), { 'content-type': BINARY });
    expect(JSON.parse(empty.bytes.toString())).toMatchObject({ request: {} });
    const packed = await post(`${url}/picture`, gzipSync(encode(MESSAGE)), {
      ...BOTH,
      'content-encoding': 'gzip',
    });
    expect(decode(packed.bytes).request).toMatchObject({ label: 'größer' });
  });

  it('is refused where it is malformed, cut or too deep, with the place', async () => {
    const { url } = await startApp(way, { controllers });
    const whole = encode({ label: 'abc', inner: { deep: 'a' } });
    for (const bytes of [whole.subarray(0, 3), whole.subarray(0, -1), Buffer.from('ff', 'hex')]) {
      const { status, bytes: sent } = await post(`${url}/picture`, bytes, BOTH);
      expect(status).toBe(400);
      expect(statusOf(sent)).toMatchObject({
        code: 3,
        BadRequest: { fieldViolations: [{ field: expect.stringContaining('$') }] },
      });
    }
    let deep: Buffer = Buffer.alloc(0);
    for (let level = 0; level < 60; level++) {
      deep = Buffer.concat([Buffer.from([0x1a, deep.length]), deep]);
    }
    for (let level = 0; level < 60; level++) {
      const { length } = deep;
      const head = length < 128 ? [0x1a, length] : [0x1a, (length & 127) | 128, length >> 7];
      deep = Buffer.concat([Buffer.from(head), deep]);
    }
    const tooDeep = Buffer.concat([
      Buffer.from([0x52, (deep.length & 127) | 128, deep.length >> 7]),
      deep,
    ]);
    const { status, bytes } = await post(`${url}/picture`, tooDeep, BOTH);
    expect([status, statusOf(bytes).message]).toEqual([400, expect.stringContaining('levels')]);
  });

  it('has failures as google.rpc.Status, wherever they arise', async () => {
    const { app, url } = await startApp(way, { controllers });
    const busy = app.get(BusyModels);
    const held = post(`${url}/full`, encode(MESSAGE), BOTH);
    await busy.begun.promise;
    const failures: [path: string, status: number, code: number, headers: object, body?: Buffer][] =
      [
        ['/picture', 413, 8, {}, Buffer.alloc(5 * 1024 * 1024)],
        ['/picture', 415, 12, { 'content-encoding': 'lzma' }],
        ['/text', 415, 12, { 'content-type': 'image/png' }],
        ['/free', 415, 12, {}],
        ['/guarded', 401, 16, { 'x-as': 'nobody' }],
        ['/guarded', 403, 7, { 'x-as': 'guest' }],
        ['/wrong', 500, 13, {}],
        ['/full', 429, 8, {}],
        ['/picture', 400, 3, { 'x-request-timeout-ms': 'soon' }],
      ];
    for (const [path, status, code, headers, body = encode(MESSAGE)] of failures) {
      const reply = await post(url + path, body, { ...BOTH, 'x-request-id': 'r1', ...headers });
      expect(reply.status, path).toBe(status);
      expect(reply.headers.get('content-type')).toBe(BINARY);
      expect(reply.headers.get('x-request-id')).toBe('r1');
      const said = statusOf(reply.bytes);
      expect(said, path).toMatchObject({ code, RequestInfo: { requestId: 'r1' } });
      if (status === 429) expect(said).toMatchObject({ RetryInfo: { retryDelay: {} } });
    }
    busy.released.resolve({});
    expect((await held).status).toBe(200);
  });

  it('has the 503 of a drain as google.rpc.Status', async () => {
    const { app, url, close } = await startApp(way, {
      controllers,
      options: { shutdownTimeout: 0 },
    });
    const held = post(`${url}/full`, encode(MESSAGE), BOTH);
    await app.get(BusyModels).begun.promise;
    const closed = close();
    const { status, headers, bytes } = await held;
    expect([status, headers.get('content-type')]).toEqual([503, BINARY]);
    expect(statusOf(bytes)).toMatchObject({
      code: 14,
      RequestInfo: { requestId: expect.stringMatching(/./) },
    });
    await closed;
  });

  it('that breaks the schema is told so behind the guards, and counted', async () => {
    const { url } = await startApp(way, { controllers });
    const counted = async () => {
      const text = await register.getSingleMetricAsString(
        'model_serving_validation_failures_total',
      );
      return Number(/endpoint="\/guarded",direction="request"} (\d+)/.exec(text)?.[1]);
    };
    const before = await counted();
    for (const broken of ['x', Buffer.from([0x0a]), encode({ label: 'a' }).subarray(0, -1)]) {
      expect((await post(`${url}/guarded`, broken, { ...BOTH, 'x-as': 'guest' })).status).toBe(403);
      expect((await post(`${url}/guarded`, broken, BOTH)).status).toBe(400);
    }
    expect(await counted()).toBe(before + 3);
  });

  it('has JSON failures where JSON is preferred', async () => {
    const { url } = await startApp(way, { controllers });
    const { status, bytes } = await post(`${url}/picture`, 'x', { 'content-type': BINARY });
    expect(status).toBe(400);
    expect(JSON.parse(bytes.toString())).toMatchObject({ code: 'INVALID_ARGUMENT' });
  });

  it('shares what is kept with JSON', async () => {
    const { url } = await startApp(way, { controllers });
    const json = { 'content-type': 'application/json' };
    const ask = async (body: Uint8Array | string, headers: Record<string, string>) => {
      const reply = await post(`${url}/cached`, body, headers);
      const answer =
        reply.headers.get('content-type') === BINARY
          ? decode(reply.bytes)
          : JSON.parse(reply.bytes.toString());
      expect(reply.headers.get('content-length')).toBe(String(reply.bytes.length));
      return [reply.headers.get('x-cache'), answer.kinds];
    };
    const first = { ...MESSAGE, label: 'first in binary' };
    expect(await ask(encode(first), BOTH)).toEqual(['MISS', ['call 1']]);
    expect(await ask(JSON.stringify(first), json)).toEqual(['HIT', ['call 1']]);
    expect(await ask(encode(first), BOTH)).toEqual(['HIT', ['call 1']]);
    const second = { ...MESSAGE, label: 'first in JSON' };
    expect(await ask(JSON.stringify(second), json)).toEqual(['MISS', ['call 2']]);
    expect(await ask(encode(second), BOTH)).toEqual(['HIT', ['call 2']]);
  });

  it('is what an interceptor of the app makes of the answer, where that fits the schema', async () => {
    const log = new CapturedLog();
    const { url } = await startApp(way, { controllers, setUp: log.attach });
    const changed = await post(`${url}/replaced`, encode({ label: 'a' }), BOTH);
    expect(changed.headers.get('content-length')).toBe(String(changed.bytes.length));
    expect(decode(changed.bytes)).toEqual({ request: { label: 'a' }, size: 99 });
    const put = await post(`${url}/replaced`, encode({}), { ...BOTH, 'x-put': '{"size":3}' });
    expect(decode(put.bytes)).toEqual({ size: 3 });
    for (const wrong of ['{"size":"many"}', '{"nothing":1}', '"text"', 'null', 'nothing', '[]']) {
      const reply = await post(`${url}/replaced`, encode({}), { ...BOTH, 'x-put': wrong });
      expect([reply.status, statusOf(reply.bytes).code], wrong).toEqual([500, 13]);
      const json = await post(`${url}/replaced`, '{}', { 'x-put': wrong });
      expect(json.status, wrong).toBe(200);
    }
    expect(log.errors.join()).toContain('an interceptor');
    expect(log.errors).toHaveLength(6);
  });
});

it('goes over HTTP/2', async () => {
  const { url } = await startApp(new FastifyAdapter({ http2: true }), { controllers });
  const session = connect(url);
  for (const path of ['/picture', '/guarded', '/replaced']) {
    const headers = { ':method': 'POST', ':path': path, ...BOTH };
    const stream = session.request(headers);
    stream.end(encode({ label: 'a' }));
    const [head] = await once(stream, 'response');
    expect([head[':status'], head['content-type']]).toEqual([200, BINARY]);
    expect(decode(await buffer(stream)).request).toEqual({ label: 'a' });
  }
  session.destroy();
});
