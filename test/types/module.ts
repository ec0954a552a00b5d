import { ModelServingModule, protobufSchema, serve } from 'nestjs-model-serving';

/** Compiled, never run: what must not compile stands under `@ts-expect-error`. */

class Factory {
  createModelServingOptions() {
    return { metrics: false };
  }
}

ModelServingModule.forRoot();
ModelServingModule.forRoot({ isGlobal: false, defaults: { timeout: 5, cache: true } });
ModelServingModule.forRootAsync({ useFactory: () => ({ metrics: false }) });
ModelServingModule.forRootAsync({ useClass: Factory });
ModelServingModule.forRootAsync({ useExisting: Factory, isGlobal: false });

// @ts-expect-error an option that there is not
ModelServingModule.forRoot({ metric: true });
// @ts-expect-error an option that only an endpoint can have
ModelServingModule.forRoot({ defaults: { warmup: [] } });
// @ts-expect-error a path that is no text
ModelServingModule.forRoot({ paths: { ping: true } });
// @ts-expect-error a factory of something else
ModelServingModule.forRootAsync({ useFactory: () => ({ metrics: 'yes' }) });
// @ts-expect-error an option that there is not
protobufSchema('a.proto', { req: 'Request' });
// @ts-expect-error an adapter that there is not
void serve(class {}, { adapter: 'koa' });
