import { request, type IncomingMessage } from 'node:http';
import {
  Controller,
  UseGuards,
  UseInterceptors,
  type CallHandler,
  type INestApplication,
} from '@nestjs/common';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { trace } from '@opentelemetry/api';
import { InvalidRequest, ModelEndpoint, type PredictContext } from 'nestjs-model-serving';
import { Observable } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { EndpointRegistry } from '../../src/endpoint/endpoint-registry.js';
import { deferred } from '../endpoint/deferred.js';
import { startApp, WAYS } from '../serving-app.js';
import { expectTraces, inSpan, spanNamed } from './spans.js';

class Nobody {
  canActivate() {
    return false;
  }
}

/** As the instrumentation of Nest does around what is inside. */
class Spanning {
  intercept(_: unknown, next: CallHandler) {
    return new Observable((subscriber) =>
      trace.getTracer('test').startActiveSpan('interceptor', (span) => {
        span.end();
        return next.handle().subscribe(subscriber);
      }),
    );
  }
}

@Controller()
class Models {
  started = deferred<void>();
  release = deferred<void>();

  @ModelEndpoint('/double', undefined, { name: 'doubler', version: '7' })
  double({ x }: { x: number }) {
    return { x: 2 * x };
  }

  @ModelEndpoint('/ask')
  ask(input: object) {
    return inSpan('outgoing', () => input);
  }

  @ModelEndpoint('/models/:id/ask')
  askOne(input: object) {
    return input;
  }

  @UseInterceptors(Spanning)
  @ModelEndpoint('/intercepted')
  intercepted(input: object) {
    return inSpan('outgoing', () => input);
  }

  @UseGuards(Nobody)
  @ModelEndpoint('/guarded')
  guarded(input: object) {
    return input;
  }

  @ModelEndpoint('/picky')
  picky(): never {
    throw new InvalidRequest('It is never good enough');
  }

  @ModelEndpoint('/broken')
  broken(): never {
    throw new TypeError('the model is broken');
  }

  @ModelEndpoint('/queued', undefined, { maxConcurrency: 1, maxQueue: 1 })
  async queued(_: object, { requestId }: PredictContext) {
    this.started.resolve();
    await this.release.promise;
    return inSpan(`outgoing of ${requestId}`, () => ({}));
  }

  @ModelEndpoint('/slow', undefined, { maxConcurrency: 1 })
  slow() {
    this.started.resolve();
    return this.release.promise;
  }

  @ModelEndpoint('/stream', undefined, { stream: true })
  async *stream() {
    yield await inSpan('first', () => ({ x: 1 }));
    yield await inSpan('second', () => ({ x: 2 }));
  }

  @ModelEndpoint('/breaking-stream', undefined, { stream: true })
  async *breakingStream() {
    yield { x: 1 };
    throw new Error('enough');
  }
}

/** Of which Nest makes four routes. */
@Controller({ path: ['one', 'other'], version: ['1', '2'] })
class Ubiquitous {
  @ModelEndpoint('/:id/ask')
  ask(input: object) {
    return input;
  }

  @ModelEndpoint('/ask')
  askAll(input: object) {
    return input;
  }
}

const queueOf = (app: INestApplication, route: string) =>
  app.get(EndpointRegistry, { strict: false }).routes.get(route)!.queueDepth;
const id = (requestId: string) => ({ 'x-request-id': requestId });

describe.each(WAYS)('a call on %s', (way) => {
  const start = async () => {
    const running = await startApp(way, { controllers: [Models] });
    return { ...running, models: running.app.get(Models) };
  };

  it('is a span below that of its request, whose route it names', async () => {
    const { post } = await start();
    await post('/double', { x: 21 }, id('a'));
    await expectTraces('SERVER POST /double route=/double', '  predict a outcome=ok (started)');
    expect(spanNamed('predict').attributes).toEqual({
      'model_serving.endpoint': '/double',
      'model_serving.model.name': 'doubler',
      'model_serving.model.version': '7',
      'model_serving.request.id': 'a',
      'model_serving.queue.duration': 0,
      'model_serving.outcome': 'ok',
    });
  });

  it('has the template of its route, with parameters', async () => {
    const { post } = await start();
    await post('/models/7/ask?x=1', {}, id('a'));
    await expectTraces(
      'SERVER POST /models/:id/ask route=/models/:id/ask',
      '  predict a outcome=ok (started)',
    );
  });

  it('has the template of the route that it came by, where its endpoint has several', async () => {
    const version = (app: INestApplication) => app.enableVersioning();
    const { post } = await startApp(way, { controllers: [Ubiquitous], setUp: version });
    await post('/v1/one/ask', {}, id('a'));
    await post('/v2/other/ask?x=1', {}, id('b'));
    await post('/v2/other/7/ask', {}, id('c'));
    await expectTraces(
      'SERVER POST /v1/one/ask route=/v1/one/ask',
      '  predict a outcome=ok (started)',
      'SERVER POST /v2/other/ask route=/v2/other/ask',
      '  predict b outcome=ok (started)',
      'SERVER POST /v2/other/:id/ask route=/v2/other/:id/ask',
      '  predict c outcome=ok (started)',
    );
    expect(spanNamed('predict').attributes).toMatchObject({
      'model_serving.endpoint': '/v1/one/ask',
    });
  });

  // Fastify has chosen the route before its middleware is asked.
  describe.skipIf(way.startsWith('fastify')).each([
    ['before its body is read', []],
    ['behind that', ['json']],
  ] as const)('%s', (_, parsers) => {
    it.each([
      ['/double', '/models/7/ask', '/models/:id/ask'],
      ['/v1/one/ask', '/v2/other/ask', '/v2/other/ask'],
    ])('has the route that a middleware has led it to from %s', async (from, to, route) => {
      const lead = (app: INestApplication) => {
        app.enableVersioning();
        for (const parser of parsers) (app as NestExpressApplication).useBodyParser(parser);
        app.use((request: IncomingMessage, _: unknown, next: () => void) => {
          if (request.url === from) request.url = to;
          next();
        });
      };
      const controllers = [Models, Ubiquitous];
      const { post } = await startApp(way, { controllers, setUp: lead });
      await post(from, {}, id('a'));
      await expectTraces(`SERVER POST ${route} route=${route}`, '  predict a outcome=ok (started)');
    });
  });

  it('continues the trace of its client, and has what its handler asks of others below it', async () => {
    const { post } = await start();
    const [traceId, parent] = ['0af7651916cd43dd8448eb211c80319c', 'b7ad6b7169203331'];
    await post('/ask', {}, { ...id('a'), traceparent: `00-${traceId}-${parent}-01` });
    await expectTraces(
      'SERVER POST /ask route=/ask',
      '  predict a outcome=ok (started)',
      '    outgoing',
    );
    expect(spanNamed('outgoing').spanContext().traceId).toBe(traceId);
  });

  it('is below what the interceptors of the app make', async () => {
    const { post } = await start();
    await post('/intercepted', {}, id('a'));
    await expectTraces(
      'SERVER POST /intercepted route=/intercepted',
      '  interceptor',
      '    predict a outcome=ok (started)',
      '      outgoing',
    );
  });

  it('says what was wrong with it', async () => {
    const { post } = await start();
    await post('/double', 'no JSON', id('a'));
    await post('/picky', {}, id('b'));
    await post('/guarded', {}, id('c'));
    await expectTraces(
      'SERVER POST /double route=/double',
      '  predict a outcome=invalid error=INVALID_ARGUMENT',
      'SERVER POST /picky route=/picky',
      '  predict b outcome=invalid error=INVALID_ARGUMENT (started)',
      'SERVER POST /guarded route=/guarded',
      '  predict c outcome=rejected error=PERMISSION_DENIED (rejected)',
    );
  });

  it('is marked as failed, with what was thrown, where the server is to blame', async () => {
    const { post } = await start();
    await post('/broken', {}, id('a'));
    await expectTraces(
      'SERVER POST /broken route=/broken ERROR',
      '  predict a outcome=error error=INTERNAL (started, exception) ERROR',
    );
    const { status, events } = spanNamed('predict');
    expect(status.message).toBe('the model is broken');
    expect(events.at(-1)!.attributes).toMatchObject({
      'exception.type': 'TypeError',
      'exception.message': 'the model is broken',
      'exception.stacktrace': expect.stringContaining('broken'),
    });
  });

  it('waits, starts in its own place, and is refused where no more may wait', async () => {
    const { post, models, app } = await start();
    const first = post('/queued', {}, id('a'));
    await models.started.promise;
    const second = post('/queued', {}, id('b'));
    await expect.poll(() => queueOf(app, '/queued')).toBe(1);
    await post('/queued', {}, id('c'));
    models.release.resolve();
    await Promise.all([first, second]);
    await expectTraces(
      'SERVER POST /queued route=/queued',
      '  predict a outcome=ok (started)',
      '    outgoing of a',
      'SERVER POST /queued route=/queued',
      '  predict b outcome=ok (queued, started)',
      '    outgoing of b',
      'SERVER POST /queued route=/queued',
      '  predict c outcome=rejected error=RESOURCE_EXHAUSTED (rejected)',
    );
  });

  it('that is too late, running or waiting, says so', async () => {
    const { post, models } = await start();
    const late = { 'x-request-timeout-ms': '1000' };
    const first = post('/slow', {}, { ...id('a'), ...late });
    await models.started.promise;
    await Promise.all([first, post('/slow', {}, { ...id('b'), ...late })]);
    await expectTraces(
      'SERVER POST /slow route=/slow ERROR',
      '  predict a outcome=timeout error=DEADLINE_EXCEEDED (started) ERROR',
      'SERVER POST /slow route=/slow ERROR',
      '  predict b outcome=timeout error=DEADLINE_EXCEEDED (queued) ERROR',
    );
    models.release.resolve();
  });

  it('whose client has gone is no fault', async () => {
    const { url, models } = await start();
    const call = request(`${url}/slow`, { method: 'POST', headers: id('a') });
    call.on('error', () => {});
    call.end('{}');
    await models.started.promise;
    call.destroy();
    await expect
      .poll(() => spanNamed('predict')?.attributes)
      .toMatchObject({ 'model_serving.outcome': 'cancelled', 'error.type': 'CANCELLED' });
    expect(spanNamed('predict').status.code).toBe(0);
    models.release.resolve();
  });

  it('of a stream lasts until the last item', async () => {
    const { post } = await start();
    await post('/stream', {}, id('a'));
    await post('/breaking-stream', {}, id('b'));
    await expectTraces(
      'SERVER POST /stream route=/stream',
      '  predict a outcome=ok (started)',
      '    first',
      '    second',
      'SERVER POST /breaking-stream route=/breaking-stream',
      '  predict b outcome=error error=INTERNAL (started, exception) ERROR',
    );
  });
});
