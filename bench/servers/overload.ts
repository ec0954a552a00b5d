import { setTimeout as sleep } from 'node:timers/promises';
import { Module } from '@nestjs/common';
import { ModelEndpoint, ModelServingModule } from 'nestjs-model-serving';
import { listen } from './listen.js';

/** Eight calls of 20 ms at once: about 400 a second is all it can do. */
@ModelEndpoint('/slow', undefined, { maxConcurrency: 8, maxQueue: 64, timeout: 500 })
class Slow {
  async predict(): Promise<{ done: boolean }> {
    await sleep(20);
    return { done: true };
  }
}

/** Eight calls of 10 ms at once, with the default deadline: the endpoint of the storm. */
@ModelEndpoint('/quick', undefined, { maxConcurrency: 8, maxQueue: 64 })
class Quick {
  async predict(): Promise<{ done: boolean }> {
    await sleep(10);
    return { done: true };
  }
}

@Module({ imports: [ModelServingModule.forRoot()], controllers: [Slow, Quick] })
class AppModule {}

await listen(AppModule);
