import {
  Injectable,
  Module,
  UseGuards,
  type CanActivate,
  type INestApplication,
  type OnModuleDestroy,
} from '@nestjs/common';
import { ExpressAdapter } from '@nestjs/platform-express';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { Test, type TestingModuleBuilder } from '@nestjs/testing';
import { InvalidRequest, ModelEndpoint, ModelServingModule } from 'nestjs-model-serving';
import { predictContext } from 'nestjs-model-serving/testing';
import request from 'supertest';
import { describe, expect, it, onTestFinished } from 'vitest';

@Injectable()
class Greetings implements OnModuleDestroy {
  released = false;

  to(name: string): string {
    return `Hello, ${name}`;
  }

  onModuleDestroy(): void {
    this.released = true;
  }
}

@Injectable()
class Closed implements CanActivate {
  canActivate(): boolean {
    return false;
  }
}

@ModelEndpoint('/greet', undefined, { warmup: [{ name: 'nobody' }] })
class Greeter {
  constructor(private readonly greetings: Greetings) {}

  predict({ name }: { name?: string }, { requestId }: { requestId: string }) {
    if (!name) throw new InvalidRequest('Missing name');
    return { greeting: this.greetings.to(name), requestId };
  }
}

@UseGuards(Closed)
@ModelEndpoint('/guarded')
class Guarded {
  predict() {
    return { passed: true };
  }
}

@Module({
  imports: [ModelServingModule.forRoot()],
  controllers: [Greeter, Guarded],
  providers: [Greetings],
})
class AppModule {}

const testing = () => Test.createTestingModule({ imports: [AppModule] });

/** An app as Nest's documentation has tests make it: initialised, not listening. */
async function initialised(
  create: (module: Awaited<ReturnType<TestingModuleBuilder['compile']>>) => INestApplication,
  builder = testing(),
): Promise<INestApplication> {
  const app = create(await builder.compile());
  onTestFinished(() => app.close());
  await app.init();
  const instance = app.getHttpAdapter().getInstance() as { ready?(): Promise<unknown> };
  await instance.ready?.();
  return app;
}

const WAYS = [
  ['the default adapter', (module) => module.createNestApplication()],
  ['Express', (module) => module.createNestApplication(new ExpressAdapter())],
  [
    'Fastify',
    (module) => module.createNestApplication<NestFastifyApplication>(new FastifyAdapter()),
  ],
] satisfies [string, Parameters<typeof initialised>[0]][];

describe.each(WAYS)("Nest's testing module on %s", (_, create) => {
  it('serves an app that is only initialised', async () => {
    const app = await initialised(create);
    const server = app.getHttpServer();
    await request(server)
      .post('/greet')
      .set('X-Request-Id', 'r-1')
      .send({ name: 'Ada' })
      .expect(200, { greeting: 'Hello, Ada', requestId: 'r-1' });
    await request(server).post('/greet').send({}).expect(400);
    await request(server).post('/greet').send('{"name":').expect(400);
    await request(server).post('/guarded').send({}).expect(403);
    await request(server).get('/__ready').expect(200);
    await request(server).get('/__metrics').expect(200);
  });

  it('takes other providers and guards in place of its own', async () => {
    const builder = testing()
      .overrideProvider(Greetings)
      .useValue({ to: (name: string) => `Goodbye, ${name}` })
      .overrideGuard(Closed)
      .useValue({ canActivate: () => true });
    const app = await initialised(create, builder);
    const { body } = await request(app.getHttpServer()).post('/greet').send({ name: 'Ada' });
    expect(body.greeting).toBe('Goodbye, Ada');
    await request(app.getHttpServer()).post('/guarded').send({}).expect(200, { passed: true });
  });

  it('has several apps in a process, beside and after one another', async () => {
    const apps = [await initialised(create), await initialised(create)];
    for (const app of apps) {
      await request(app.getHttpServer()).post('/greet').send({ name: 'Ada' }).expect(200);
    }
    await apps[0]!.close();
    await request(apps[1]!.getHttpServer()).post('/greet').send({ name: 'Ada' }).expect(200);
    const next = await initialised(create);
    await request(next.getHttpServer()).post('/greet').send({ name: 'Ada' }).expect(200);
  });

  it('listens, under a global prefix', async () => {
    const module = await testing().compile();
    const app = create(module);
    onTestFinished(() => app.close());
    app.setGlobalPrefix('api');
    await app.listen(0, '127.0.0.1');
    await request(await app.getUrl())
      .post('/api/greet')
      .send({ name: 'Ada' })
      .expect(200);
  });

  it('closes an app that was never initialised, and one that was', async () => {
    const idle = create(await testing().compile());
    await idle.close();
    const app = await initialised(create);
    const model = app.get(Greetings);
    await app.close();
    expect(model.released).toBe(true);
  });
});

describe("Nest's testing module without an app", () => {
  it('gives the class, to be called in a unit test', async () => {
    const module = await testing().compile();
    const context = predictContext({ requestId: 'unit' });
    expect(module.get(Greeter).predict({ name: 'Ada' }, context)).toEqual({
      greeting: 'Hello, Ada',
      requestId: 'unit',
    });
    await module.close();
  });

  it('runs the hooks of an app', async () => {
    const module = await testing().compile();
    await module.init();
    const model = module.get(Greetings);
    await module.close();
    expect(model.released).toBe(true);
  });

  it('makes a class alone, without the module', async () => {
    const module = await Test.createTestingModule({ providers: [Greeter, Greetings] }).compile();
    expect(module.get(Greeter).predict({ name: 'Bob' }, predictContext()).greeting).toBe(
      'Hello, Bob',
    );
  });

  it('mocks what is missing', async () => {
    const module = await Test.createTestingModule({ controllers: [Greeter] })
      .useMocker(() => ({ to: () => 'mocked' }))
      .compile();
    expect(module.get(Greeter).predict({ name: 'Bob' }, predictContext()).greeting).toBe('mocked');
  });
});
