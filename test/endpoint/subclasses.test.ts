import { Controller } from '@nestjs/common';
import { ModelEndpoint, type PredictContext } from 'nestjs-model-serving';
import { describe, expect, it } from 'vitest';
import { ADAPTERS, startApp } from '../serving-app.js';

@ModelEndpoint('/base', undefined, { bodyLimit: 60 })
class Base {
  readonly greeting: string = 'hello';
  predict({ name }: { name: string }, { requestId }: Pick<PredictContext, 'requestId'>) {
    return { text: `${this.greeting} ${name}`, requestId };
  }
}

@ModelEndpoint('/inheriting')
class Inheriting extends Base {
  override readonly greeting = 'hi';
}

@ModelEndpoint('/overriding')
class Overriding extends Base {
  override predict(input: { name: string }, context: PredictContext) {
    const { text, requestId } = super.predict(input, context);
    return { text: `${text}!`, requestId };
  }
}

const headers = { 'x-request-id': 'r1' };

describe.each(ADAPTERS)('subclasses on %s', (adapter) => {
  it('inherit or override predict, each at the path of its own decorator', async () => {
    const app = await startApp(adapter, { controllers: [Base, Inheriting, Overriding] });
    const say = async (path: string) => (await app.post(path, { name: 'you' }, headers)).body;
    expect(await say('/base')).toEqual({ text: 'hello you', requestId: 'r1' });
    expect(await say('/inheriting')).toEqual({ text: 'hi you', requestId: 'r1' });
    expect(await say('/overriding')).toEqual({ text: 'hello you!', requestId: 'r1' });
  });

  it('do not pass their options up or down', async () => {
    const app = await startApp(adapter, { controllers: [Inheriting, Base] });
    const long = { name: 'x'.repeat(80) };
    expect((await app.post('/base', long)).status).toBe(413);
    expect((await app.post('/inheriting', long)).status).toBe(200);
  });

  it('without a decorator serve at the path of the parent, predict inherited', async () => {
    class Plain extends Base {
      override readonly greeting = 'plain';
    }
    const app = await startApp(adapter, { controllers: [Plain] });
    expect((await app.post('/base', { name: 'you' })).body.text).toBe('plain you');
  });

  it('without a decorator serve at the path of the parent, predict overridden', async () => {
    class Plain extends Base {
      override predict(input: { name: string }, context: PredictContext) {
        return { ...super.predict(input, context), text: 'mine' };
      }
    }
    const app = await startApp(adapter, { controllers: [Plain] });
    expect(await app.post('/base', { name: 'you' }, headers)).toMatchObject({
      status: 200,
      body: { text: 'mine', requestId: 'r1' },
    });
    expect((await app.post('/base', { name: 'x'.repeat(80) })).status).toBe(413);
  });

  it('inherit decorated methods', async () => {
    class Methods {
      readonly word: string = 'parent';
      @ModelEndpoint('/say')
      say() {
        return { word: this.word };
      }
    }
    @Controller('one')
    class One extends Methods {
      override readonly word = 'one';
    }
    @Controller('two')
    class Two extends Methods {
      override readonly word = 'two';
    }
    const app = await startApp(adapter, { controllers: [One, Two] });
    expect((await app.post('/one/say', {})).body).toEqual({ word: 'one' });
    expect((await app.post('/two/say', {})).body).toEqual({ word: 'two' });
  });

  it('make endpoints of an undecorated parent', async () => {
    abstract class Parent {
      abstract readonly word: string;
      predict() {
        return { word: this.word };
      }
    }
    @ModelEndpoint('/a')
    class A extends Parent {
      readonly word = 'a';
    }
    @ModelEndpoint('/b')
    class B extends Parent {
      readonly word = 'b';
    }
    const app = await startApp(adapter, { controllers: [A, B] });
    expect((await app.post('/a', {})).body).toEqual({ word: 'a' });
    expect((await app.post('/b', {})).body).toEqual({ word: 'b' });
  });
});
