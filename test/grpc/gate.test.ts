import {
  BadRequestException,
  Catch,
  Injectable,
  UseGuards,
  UseInterceptors,
  type ArgumentsHost,
  type CallHandler,
  type CanActivate,
  type ExceptionFilter,
  type ExecutionContext,
  type NestInterceptor,
} from '@nestjs/common';
import { APP_FILTER, BaseExceptionFilter } from '@nestjs/core';
import { status, type Metadata } from '@grpc/grpc-js';
import { InvalidRequest, ModelEndpoint, protobufSchema } from 'nestjs-model-serving';
import { map } from 'rxjs';
import { beforeEach, describe, expect, it } from 'vitest';
import { GrpcClient } from './grpc-client.js';
import { framed, openSession, rawCall } from './raw-call.js';
import { GRPC_DOORS, startGrpc } from './shared-app.js';

const proto = `
  syntax = "proto3"; package acme;
  message Request { string text = 1; }
  message Response { int32 n = 1; string text = 2; }
  service Model { rpc Run(Request) returns (Response); rpc Count(Request) returns (stream Response); }
  service Other { rpc Run(Request) returns (Response); }`;
const files = { file: 'a.proto', files: { 'a.proto': proto } };
const rpc = (name: string) => protobufSchema(files, { rpc: name });

let reached = 0;
let guarded: unknown[] = [];
beforeEach(() => {
  reached = 0;
  guarded = [];
});

@Injectable()
class Guard implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    const metadata = context.switchToRpc().getContext<Metadata>();
    guarded.push([context.getType(), context.switchToRpc().getData()]);
    return metadata.get('x-let-in')[0] === 'yes';
  }
}

@Injectable()
class Replace implements NestInterceptor {
  intercept(context: ExecutionContext, next: CallHandler) {
    const [replacement] = context.switchToRpc().getContext<Metadata>().get('x-replace');
    return next
      .handle()
      .pipe(map((answer) => (replacement ? JSON.parse(String(replacement)) : answer)));
  }
}

@ModelEndpoint('/run', rpc('Model.Run'))
@UseGuards(Guard)
@UseInterceptors(Replace)
class Run {
  predict({ text }: { text?: string }) {
    reached++;
    if (text === 'invalid') throw new InvalidRequest('Not this');
    if (text === 'bad') throw new BadRequestException('Bad one');
    if (text === 'fault') throw new Error('secret');
    return { n: 1, text };
  }
}

@ModelEndpoint('/count', rpc('Model.Count'), { stream: true })
@UseGuards(Guard)
@UseInterceptors(Replace)
class Count {
  async *predict({ text }: { text?: string }) {
    reached++;
    yield { n: 1, text };
    if (text === 'invalid') throw new InvalidRequest('Not this');
    yield { n: 2 };
  }
}

const parts = { controllers: [Run, Count] };
const LET_IN = { 'x-let-in': 'yes' };

/** As many apps have one: whatever is thrown becomes an HTTP response. */
@Catch()
class HttpOnly implements ExceptionFilter {
  catch(_: unknown, host: ArgumentsHost): void {
    host.switchToHttp().getResponse().status(500).json({ secret: true });
  }
}
@Catch()
class OnNests extends BaseExceptionFilter {
  override catch(error: unknown, host: ArgumentsHost): void {
    super.catch(error, host);
  }
}

describe.each(GRPC_DOORS)('The gate on $door', (way) => {
  it('lets nobody past a guard, whatever is asked for', async () => {
    const { address, app } = await startGrpc(way, parts);
    const session = openSession(address);
    const paths = [
      '/acme.Model/Run', '/acme.Model/Count', '/acme.Other/Run', '/acme.Model/run', '/acme.model/Run',
      '/acme.Model/Run/', '//acme.Model/Run', '/acme.Model/Run?x-let-in=yes', '/acme.Model/%52un',
      '/acme.Model//Run', '/Model/Run', '/run', '/', '/acme.Model', '/acme.Model/', '/acme.Model/Run#',
      '/grpc.health.v1.Health/Check', '/grpc.reflection.v1.ServerReflection/ServerReflectionInfo',
      '/acme.Model/constructor', '/__proto__/Run', '/acme.Model/toString',
    ]; // prettier-ignore
    for (const path of paths) {
      const { code, messages } = await rawCall(session, path, framed(Buffer.from([10, 1, 97])), {
        'x-let-in': 'no',
      });
      if (/^\/acme\.Model\/(Run|Count)$/.test(path)) {
        expect(code, path).toBe(status.PERMISSION_DENIED);
      } else if (!path.startsWith('/grpc.')) {
        expect(code, path).toBe(status.UNIMPLEMENTED);
      }
      if (!path.startsWith('/grpc.')) expect(messages, path).toEqual([]);
    }
    // Several values, a binary one, one in upper case: what the guard looks at is what it gets.
    const several = { 'x-let-in': 'no, yes', 'x-let-in-bin': 'eWVz' };
    expect((await rawCall(session, '/acme.Model/Run', framed(Buffer.alloc(0)), several)).code).toBe(
      status.PERMISSION_DENIED,
    );
    expect(reached).toBe(0);
    expect(guarded[0]).toEqual(['rpc', { text: 'a' }]);
    // It is asked before a message is found malformed.
    const malformed = framed(Buffer.from([255]));
    expect((await rawCall(session, '/acme.Model/Run', malformed)).code).toBe(
      status.PERMISSION_DENIED,
    );
    expect((await rawCall(session, '/acme.Model/Run', malformed, LET_IN)).code).toBe(
      status.INVALID_ARGUMENT,
    );
    expect((await rawCall(session, '/acme.Model/Run', framed(Buffer.alloc(0)), LET_IN)).code).toBe(
      0,
    );
    expect(reached).toBe(1);
    void app;
  });

  it("takes an interceptor's answer where it fits the schema", async () => {
    const { address } = await startGrpc(way, parts);
    const client = new GrpcClient(proto, 'acme.Model', address);
    const replaced = (replacement: unknown) => ({
      metadata: { ...LET_IN, 'x-replace': JSON.stringify(replacement) },
    });
    expect(await client.call('Run', {}, replaced({ n: 7 }))).toMatchObject({ answer: { n: 7 } });
    expect(await client.stream('Count', {}, replaced({ n: 7 }))).toMatchObject({
      code: 0,
      items: [{ n: 7 }, { n: 7 }],
    });
    for (const misfit of [{ n: 'x' }, { other: 1 }, 5, null, [1]]) {
      const internal = { code: status.INTERNAL, message: 'Internal server error' };
      expect(await client.call('Run', {}, replaced(misfit))).toMatchObject(internal);
      expect(await client.stream('Count', {}, replaced(misfit))).toMatchObject({
        ...internal,
        items: [],
      });
    }
  });

  it.each([HttpOnly, OnNests])('bears a filter that knows HTTP only', async (filter) => {
    const provider = { provide: APP_FILTER, useClass: filter };
    const { address } = await startGrpc(way, { ...parts, providers: [provider] });
    const client = new GrpcClient(proto, 'acme.Model', address);
    const call = (text: string) => client.call('Run', { text }, { metadata: LET_IN });
    const invalid = { code: status.INVALID_ARGUMENT, message: 'Not this' };
    expect(await call('invalid')).toMatchObject(invalid);
    expect(await call('bad')).toMatchObject({ code: status.INVALID_ARGUMENT, message: 'Bad one' });
    expect(await call('fault')).toMatchObject({
      code: status.INTERNAL,
      message: 'Internal server error',
    });
    expect(await client.call('Run', {})).toMatchObject({ code: status.PERMISSION_DENIED });
    expect(await client.stream('Count', { text: 'invalid' }, { metadata: LET_IN })).toMatchObject({
      ...invalid,
      items: [{ n: 1 }],
    });
    expect(await call('a')).toMatchObject({ code: 0 });
  });
});
