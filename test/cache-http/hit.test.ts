import { createHook } from 'node:async_hooks';
import { ModelEndpoint } from 'nestjs-model-serving';
import { expect, it } from 'vitest';
import { Answer } from '../../src/endpoint/answer.js';
import { Call } from '../../src/endpoint/call.js';
import { EndpointRegistry } from '../../src/endpoint/endpoint-registry.js';
import { serve } from '../../src/interceptors/way.js';
import { textSchema } from '../http/text-schema.js';
import { startApp } from '../serving-app.js';

@ModelEndpoint('/model', textSchema(), { cache: true })
class Model {
  runs = 0;

  predict({ text }: { text?: string }) {
    this.runs++;
    return { text };
  }
}

it('answers a hit of the store in memory in the same turn, without a promise', async () => {
  const { app } = await startApp('fastify', { controllers: [Model] });
  const endpoint = app.get(EndpointRegistry).routes.get('/model')!;
  const call = (): Call => {
    const made = new Call(endpoint, 'id', {});
    made.receiver = endpoint.instance;
    made.input = { text: 'a' };
    return made;
  };
  const [miss, hit] = [call(), call()];
  const first = serve(miss);
  const promises: unknown[] = [];
  const hook = createHook({
    init(_id, type) {
      if (type === 'PROMISE') promises.push(type);
    },
  }).enable();
  const second = serve(hit);
  hook.disable();
  expect(first).toBeInstanceOf(Answer);
  expect(second).toBeInstanceOf(Answer);
  expect([miss.cacheResult, hit.cacheResult]).toEqual(['miss', 'hit']);
  expect((second as Answer).text).toBe('{"text":"a"}');
  expect(promises).toEqual([]);
  expect(app.get(Model).runs).toBe(1);
  for (let open = endpoint.inFlight; open > 0; open--) endpoint.departed();
});
