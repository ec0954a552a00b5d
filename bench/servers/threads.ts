import { availableParallelism } from 'node:os';
import { Injectable, Module } from '@nestjs/common';
import { ModelEndpoint, ModelServingModule, type PredictContext } from 'nestjs-model-serving';
import { ThreadedModel } from 'nestjs-model-serving/threads';
import { listen } from './listen.js';

@Injectable()
class BusyModel extends ThreadedModel<null, { done: boolean }> {
  constructor() {
    super(new URL('./busy.worker.js', import.meta.url));
  }
}

@ModelEndpoint('/busy', undefined, { maxConcurrency: availableParallelism() })
class Busy {
  constructor(private readonly model: BusyModel) {}

  predict(_input: object, { signal }: PredictContext): Promise<{ done: boolean }> {
    return this.model.run(null, { signal });
  }
}

@Module({
  imports: [ModelServingModule.forRoot()],
  controllers: [Busy],
  providers: [BusyModel],
})
class AppModule {}

await listen(AppModule);
