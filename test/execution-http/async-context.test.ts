import {
  Controller,
  Injectable,
  UseGuards,
  UseInterceptors,
  type CallHandler,
  type CanActivate,
  type ExecutionContext,
  type INestApplication,
  type MiddlewareConsumer,
  type NestInterceptor,
} from '@nestjs/common';
import { Module } from '@nestjs/common';
import { AsyncLocalStorage } from 'node:async_hooks';
import { once } from 'node:events';
import { request, type IncomingMessage } from 'node:http';
import { json } from 'node:stream/consumers';
import { ModelEndpoint, type PredictContext } from 'nestjs-model-serving';
import { defer, Observable, of, tap } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { deferred } from '../endpoint/deferred.js';
import { ADAPTERS, startApp, type Adapter } from '../serving-app.js';

const user = new AsyncLocalStorage<string>();
const guarded = new AsyncLocalStorage<string>();
const intercepted = new AsyncLocalStorage<string>();
const seen = () => user.getStore();
const userOf = ({ headers }: { headers: Record<string, unknown> }) => String(headers['x-user']);

class Guard implements CanActivate {
  canActivate(context: ExecutionContext) {
    guarded.enterWith(userOf(context.switchToHttp().getRequest()));
    return true;
  }
}

/** Enters a context around the handler, and notes where the answer comes back. */
@Injectable()
class Interceptor implements NestInterceptor {
  static readonly answered: unknown[] = [];
  intercept(context: ExecutionContext, next: CallHandler) {
    const name = userOf(context.switchToHttp().getRequest());
    const note = tap(() => Interceptor.answered.push([name, seen()]));
    return new Observable((subscriber) =>
      intercepted.run(name, () => next.handle().pipe(note).subscribe(subscriber)),
    );
  }
}

@Controller()
@UseGuards(Guard)
class Models {
  readonly warm: unknown[] = [];
  started = deferred<PredictContext>();
  release = deferred<void>();

  @ModelEndpoint('/plain')
  plain() {
    return { user: seen(), guarded: guarded.getStore() };
  }

  @UseInterceptors(Interceptor)
  @ModelEndpoint('/intercepted')
  async intercepted() {
    await Promise.resolve();
    return { user: seen(), guarded: guarded.getStore(), intercepted: intercepted.getStore() };
  }

  @ModelEndpoint('/observable')
  observable() {
    return defer(() => of({ user: seen() }));
  }

  @ModelEndpoint('/queued', undefined, { maxConcurrency: 1 })
  async queued(_: object, context: PredictContext) {
    this.started.resolve(context);
    await this.release.promise;
    return { user: seen(), guarded: guarded.getStore() };
  }

  @ModelEndpoint('/batched', undefined, { batch: { maxSize: 4 }, warmup: [{ warm: true }] })
  async batched(inputs: { warm?: boolean }[], contexts: PredictContext[]) {
    if (inputs[0]?.warm) this.warm.push(seen(), contexts[0]!.run(seen));
    else this.started.resolve(contexts[0]!);
    if (!inputs[0]?.warm) await this.release.promise;
    return contexts.map((context) => ({
      size: inputs.length,
      batch: seen(),
      own: context.run(seen),
    }));
  }

  @UseInterceptors(Interceptor)
  @ModelEndpoint('/shared', undefined, { cache: { key: () => 'one', vary: ['X-Nothing'] } })
  async shared(_: object, context: PredictContext) {
    this.started.resolve(context);
    await this.release.promise;
    return { user: seen() };
  }
}

/** Sends a body in two pieces, the second when the first is on its way: it ends on a turn of its own. */
async function ask(url: string, name: string) {
  const client = request(url, { method: 'POST', agent: false, headers: { 'x-user': name } });
  await new Promise<void>((resolve) => client.write('{"a":"', () => resolve()));
  client.end('b"}');
  const [response] = (await once(client, 'response')) as [IncomingMessage];
  return json(response) as Promise<Record<string, unknown>>;
}

const enter = (asked: { headers: Record<string, unknown> }, _: unknown, next: () => void) =>
  user.run(userOf(asked), next);

@Module({})
class WithMiddleware {
  configure(consumer: MiddlewareConsumer) {
    consumer.apply(enter).forRoutes('{*path}');
  }
}

const WAYS: [what: string, on: Adapter[], parts: Parameters<typeof startApp>[1]][] = [
  ['app.use', ['express', 'fastify'], { setUp: (app) => void app.use(enter) }],
  ['a middleware of a module', ['express', 'fastify'], { imports: [WithMiddleware] }],
  ['a hook', ['fastify'], { setUp: hook }],
];

function hook(app: INestApplication): void {
  app.getHttpAdapter().getInstance().addHook('onRequest', enter);
}

describe.each(ADAPTERS)('the async context on %s', (adapter) => {
  const ways = WAYS.filter(([, on]) => on.includes(adapter));

  it.each(ways)('set by %s, a guard and an interceptor is the handler’s', async (_, __, parts) => {
    const app = await startApp(adapter, { ...parts, controllers: [Models] });
    const ann = { user: 'ann', guarded: 'ann' };
    expect(await ask(`${app.url}/plain`, 'ann')).toEqual(ann);
    expect(await ask(`${app.url}/intercepted`, 'ann')).toEqual({ ...ann, intercepted: 'ann' });
    expect(await ask(`${app.url}/observable`, 'bob')).toEqual({ user: 'bob' });
  });

  const start = () =>
    startApp(adapter, { controllers: [Models], setUp: (app) => void app.use(enter) });

  /** Waits until so many requests have come to an endpoint. */
  async function arrived(app: Awaited<ReturnType<typeof start>>, path: string, count: number) {
    const metric = `model_serving_in_flight{endpoint="${path}"} ${count}`;
    while (!String((await app.get('/__metrics')).body).includes(metric));
  }

  it('is a call’s own after it waited for another one', async () => {
    const app = await start();
    const models = app.app.get(Models);
    const ann = ask(`${app.url}/queued`, 'ann');
    await models.started.promise;
    const bob = ask(`${app.url}/queued`, 'bob');
    await arrived(app, '/queued', 2);
    models.release.resolve();
    expect(await ann).toEqual({ user: 'ann', guarded: 'ann' });
    expect(await bob).toEqual({ user: 'bob', guarded: 'bob' });
  });

  it('of a batch is none of its members’, and each can be entered; so at warm-up', async () => {
    const app = await start();
    const models = app.app.get(Models);
    expect(models.warm).toEqual([undefined, undefined]);
    const ann = ask(`${app.url}/batched`, 'ann');
    await models.started.promise;
    const others = ['bob', 'eve'].map((name) => ask(`${app.url}/batched`, name));
    await arrived(app, '/batched', 3);
    models.release.resolve();
    expect(await ann).toEqual({ size: 1, own: 'ann' });
    expect(await Promise.all(others)).toEqual([
      { size: 2, own: 'bob' },
      { size: 2, own: 'eve' },
    ]);
  });

  it('of who started a shared run is not that of who joined it', async () => {
    const app = await start();
    const models = app.app.get(Models);
    Interceptor.answered.length = 0;
    const ann = ask(`${app.url}/shared`, 'ann');
    await models.started.promise;
    const bob = ask(`${app.url}/shared`, 'bob');
    await arrived(app, '/shared', 2);
    models.release.resolve();
    expect(await ann).toEqual({ user: 'ann' });
    expect(await bob).toEqual({ user: 'ann' }); // the one answer, of the run that ann started
    expect(Interceptor.answered).toHaveLength(2);
    expect(Interceptor.answered).toEqual(
      expect.arrayContaining([
        ['ann', 'ann'],
        ['bob', 'bob'],
      ]),
    );
  });

  it('is where the signal is heard when a client leaves', async () => {
    const app = await start();
    const models = app.app.get(Models);
    const client = request(`${app.url}/queued`, {
      method: 'POST',
      agent: false,
      headers: { 'x-user': 'ann' },
    });
    client.on('error', () => {});
    client.end('{}');
    const { signal } = await models.started.promise;
    const heard = deferred<unknown>();
    user.run('bob', () => signal.addEventListener('abort', () => heard.resolve(seen())));
    client.destroy();
    expect(await heard.promise).toBe('ann');
    models.release.resolve();
  });
});
