import { Injectable, type OnModuleDestroy } from '@nestjs/common';
import { ModelEndpoint } from 'nestjs-model-serving';
import { describe, expect, it } from 'vitest';
import { deferred } from '../endpoint/deferred.js';
import { ADAPTERS, startApp } from '../serving-app.js';

@Injectable()
class Model implements OnModuleDestroy {
  readonly started = deferred();
  readonly answer = deferred();
  released = false;

  onModuleDestroy(): void {
    this.released = true;
  }
}

@ModelEndpoint('/predict')
class Predictor {
  constructor(private readonly model: Model) {}

  async predict() {
    this.model.started.resolve();
    await this.model.answer.promise;
    return { released: this.model.released };
  }
}

// As in Nest 11, which begins to close an app with the hooks of its modules.
describe.each(ADAPTERS)('an app on %s whose Nest calls no beforeClose', (adapter) => {
  it('answers what is in flight before a model is released', async () => {
    const { app, post } = await startApp(adapter, { controllers: [Predictor], providers: [Model] });
    (app.getHttpAdapter() as { beforeClose?: unknown }).beforeClose = undefined;
    const model = app.get(Model);
    const answer = post('/predict', {});
    await model.started.promise;
    const closed = app.close();
    // Time enough for every hook that waits for nothing.
    for (let turn = 0; turn < 10; turn++) await new Promise(setImmediate);
    expect(model.released).toBe(false);
    model.answer.resolve();
    expect((await answer).body).toEqual({ released: false });
    await closed;
    expect(model.released).toBe(true);
  });
});
