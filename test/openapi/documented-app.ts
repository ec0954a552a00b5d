import fastifyHelmet from '@fastify/helmet';
import { Controller, Get, Module, type INestApplication } from '@nestjs/common';
import type { AbstractHttpAdapter } from '@nestjs/core';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import helmet from 'helmet';
import { ModelEndpoint, ModelServingModule, type PredictContext } from 'nestjs-model-serving';
import { onTestFinished } from 'vitest';
import { startApplication } from '../../src/serve/application.js';
import { fillServeOptions, type ServeOptions } from '../../src/serve/serve-options.js';
import { PictureClassifier } from '../../examples/picture/picture-classifier.js';
import { PictureModel } from '../../examples/picture/picture-model.js';
import { StreamModel } from '../stream/stream-model.js';
import type { Adapter } from '../serving-app.js';

/** What the streams of an app have been asked. */
export class Streams extends StreamModel {}

@Controller()
class Models {
  constructor(private readonly streams: Streams) {}

  @ModelEndpoint('/greet')
  greet({ name }: { name?: string }) {
    return { greeting: `Good morning, ${name}` };
  }

  /** Three items, and then none until the client has left. */
  @ModelEndpoint('/few', undefined, { stream: true })
  few(_: object, context: PredictContext) {
    return this.streams.stream(context, async function* () {
      yield* [{ n: 1 }, { n: 2 }, { n: 3 }];
      await new Promise((resolve) => context.signal.addEventListener('abort', resolve));
    });
  }

  @ModelEndpoint('/endless', undefined, { stream: true })
  endless(_: object, context: PredictContext) {
    return this.streams.stream(context, async function* () {
      for (let n = 1; ; n++) yield { n };
    });
  }

  @Get('/files/page')
  page() {
    return '';
  }
}

export async function addHelmet(app: INestApplication): Promise<void> {
  if (app.getHttpAdapter().getType() === 'express') app.use(helmet());
  else await (app as NestFastifyApplication).register(fastifyHelmet);
}

/** Serves an app as `serve()` does in a process of its own; it is closed when the test is over. */
export async function startServed(
  adapter: Adapter | AbstractHttpAdapter,
  options: ServeOptions,
  streams = new Streams(),
): Promise<{ app: INestApplication; url: string }> {
  @Module({
    imports: [ModelServingModule.forRoot()],
    controllers: [Models, PictureClassifier],
    providers: [PictureModel, { provide: Streams, useValue: streams }],
  })
  class AppModule {}

  const quiet = { port: 0, host: '127.0.0.1', logLevel: 'fatal', adapter } as const;
  const filled = fillServeOptions({ ...quiet, ...options }, {});
  const app = await startApplication(AppModule, filled, () => undefined);
  onTestFinished(() => app.close());
  return { app, url: await app.getUrl() };
}

/** The same, for whom its address is enough. */
export async function serveApp(...parts: Parameters<typeof startServed>): Promise<string> {
  return (await startServed(...parts)).url;
}
