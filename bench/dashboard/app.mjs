import { Module } from '@nestjs/common';
import { ModelEndpoint, ModelServingModule, serve } from 'nestjs-model-serving';
import { setTimeout } from 'node:timers/promises';

/** A batch takes 20 ms and half a millisecond an item; two at a time. */
class Classifier {
  async predict(inputs) {
    await setTimeout(20 + inputs.length / 2);
    return inputs.map(({ key }) => (key % 97 === 0 ? new Error('The model is broken') : { key }));
  }
}
ModelEndpoint('/classify', undefined, {
  batch: { maxSize: 32 },
  maxConcurrency: 2,
  maxQueue: 96,
  cache: { ttl: 20_000 },
})(Classifier);

class StoryTeller {
  async *predict() {
    for (const word of ['once', 'upon', 'a', 'time']) {
      await setTimeout(10);
      yield { word };
    }
  }
}
ModelEndpoint('/story', undefined, { stream: true })(StoryTeller);

class AppModule {}
Module({ imports: [ModelServingModule.forRoot()], controllers: [Classifier, StoryTeller] })(
  AppModule,
);

await serve(AppModule);
