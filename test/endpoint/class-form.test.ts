import { Injectable } from '@nestjs/common';
import { InvalidRequest, ModelEndpoint } from 'nestjs-model-serving';
import { describe, expect, it } from 'vitest';
import { textSchema } from '../http/text-schema.js';
import { ADAPTERS, startApp } from '../serving-app.js';

describe.each(ADAPTERS)('a decorated class on %s', (adapter) => {
  it('is a controller whose predict gets the fields of the body as one object', async () => {
    @Injectable()
    class Detector {
      detect = (text: string) => ({ text: text.toUpperCase(), count: text.length });
    }
    @ModelEndpoint('/classify', textSchema())
    class Classifier {
      constructor(private readonly detector: Detector) {}
      predict({ text }: { text?: string }) {
        if (!text) throw new InvalidRequest('Missing text');
        return this.detector.detect(text);
      }
    }
    const app = await startApp(adapter, { controllers: [Classifier], providers: [Detector] });
    expect(await app.post('/classify', { text: 'abc' })).toMatchObject({
      status: 200,
      body: { text: 'ABC', count: 3 },
    });
    expect(await app.post('/classify', {})).toMatchObject({
      status: 400,
      body: { error: 'Missing text', code: 'INVALID_ARGUMENT' },
    });
  });

  it('serves beside others, each at its own path with its own options', async () => {
    @ModelEndpoint('/a', undefined, { bodyLimit: 12 })
    class A {
      readonly #name = 'a';
      predict() {
        return { name: this.#name };
      }
    }
    @ModelEndpoint('/b')
    class B {
      readonly #name = 'b';
      predict() {
        return { name: this.#name };
      }
    }
    const app = await startApp(adapter, { controllers: [A, B] });
    expect((await app.post('/a', {})).body).toEqual({ name: 'a' });
    expect((await app.post('/b', {})).body).toEqual({ name: 'b' });
    expect((await app.post('/a', { text: 'too long' })).status).toBe(413);
    expect((await app.post('/b', { text: 'too long' })).status).toBe(200);
  });

  it('answers POST and no other method', async () => {
    let calls = 0;
    @ModelEndpoint('/classify')
    class Classifier {
      predict() {
        calls++;
        return {};
      }
    }
    const app = await startApp(adapter, { controllers: [Classifier] });
    for (const method of ['GET', 'HEAD', 'PUT', 'PATCH', 'DELETE']) {
      const headers = { connection: 'close' };
      const response = await fetch(`${app.url}/classify`, { method, headers });
      expect(response.status, method).toBe(405);
      await response.arrayBuffer();
    }
    expect(calls).toBe(0);
  });
});
