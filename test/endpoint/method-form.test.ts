import { Controller, Get } from '@nestjs/common';
import { ModelEndpoint } from 'nestjs-model-serving';
import { describe, expect, it } from 'vitest';
import { ADAPTERS, startApp } from '../serving-app.js';

describe.each(ADAPTERS)('decorated methods on %s', (adapter) => {
  it('share the instance of their controller, below its prefix, beside its other routes', async () => {
    @Controller('labels')
    class Labels {
      readonly #labels: string[] = [];

      @ModelEndpoint('/add')
      add({ label }: { label: string }) {
        this.#labels.push(label);
        return { labels: this.#labels };
      }

      @ModelEndpoint('/reset')
      reset() {
        this.#labels.length = 0;
        return { labels: this.#labels };
      }

      @Get()
      list() {
        return this.#labels;
      }
    }
    const app = await startApp(adapter, { controllers: [Labels] });
    await app.post('/labels/add', { label: 'a' });
    expect((await app.post('/labels/add', { label: 'b' })).body).toEqual({ labels: ['a', 'b'] });
    expect((await app.get('/labels')).body).toEqual(['a', 'b']);
    expect((await app.post('/labels/reset', {})).body).toEqual({ labels: [] });
  });

  it('may call each other as plain methods', async () => {
    @Controller()
    class Model {
      @ModelEndpoint('/length')
      length({ text }: { text: string }, context?: { requestId: string }) {
        return { length: text.length, requestId: context?.requestId };
      }

      @ModelEndpoint('/twice')
      twice({ text }: { text: string }, context: { requestId: string }) {
        return {
          first: this.length({ text }),
          second: this.length({ text: text + text }, context),
        };
      }
    }
    const app = await startApp(adapter, { controllers: [Model] });
    expect(await app.post('/twice', { text: 'ab' }, { 'x-request-id': 'r1' })).toMatchObject({
      status: 200,
      body: { first: { length: 2 }, second: { length: 4, requestId: 'r1' } },
    });
  });

  it('may stand in a class that is an endpoint itself', async () => {
    @ModelEndpoint('/predict')
    class Model {
      predict() {
        return { from: 'predict' };
      }

      @ModelEndpoint('/explain')
      explain() {
        return { from: 'explain' };
      }
    }
    const app = await startApp(adapter, { controllers: [Model] });
    expect((await app.post('/predict', {})).body).toEqual({ from: 'predict' });
    expect((await app.post('/explain', {})).body).toEqual({ from: 'explain' });
  });
});
