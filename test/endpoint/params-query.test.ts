import { Controller } from '@nestjs/common';
import { ModelEndpoint, type PredictContext } from 'nestjs-model-serving';
import { describe, expect, it } from 'vitest';
import { ADAPTERS, startApp } from '../serving-app.js';

@Controller()
class Model {
  @ModelEndpoint('/tenants/:tenant/models/:model')
  run(_: object, context: PredictContext) {
    return seen(context);
  }

  @ModelEndpoint('/files/*')
  files(_: object, context: PredictContext) {
    return seen(context);
  }

  @ModelEndpoint('/plain')
  plain(_: object, context: PredictContext) {
    return seen(context);
  }

  @ModelEndpoint('/batch/:name', undefined, { batch: {} })
  batch(_: object[], contexts: PredictContext[]) {
    return contexts.map(seen);
  }
}

function seen({ params, query }: PredictContext) {
  return { params, query, prototype: Object.getPrototypeOf(query) };
}

const none = { params: {}, query: {}, prototype: null };

const CALLS: [path: string, expected: object][] = [
  ['/plain', none],
  ['/plain?', none],
  ['/plain?a=1&b=2&a=3&c', { ...none, query: { a: ['1', '3'], b: '2', c: '' } }],
  ['/plain?a%20b=%C3%A4+b&x=%', { ...none, query: { 'a b': 'ä b', x: '%' } }],
  ['/plain?a[b]=1&a[]=2', { ...none, query: { 'a[b]': '1', 'a[]': '2' } }],
  ['/plain?a=1?b=2', { ...none, query: { a: '1?b=2' } }],
  ['/tenants/bob/models/m1', { ...none, params: { tenant: 'bob', model: 'm1' } }],
  ['/tenants/b%C3%B6b/models/a%2Fb', { ...none, params: { tenant: 'böb', model: 'a/b' } }],
  ['/tenants/%2541/models/a%20b', { ...none, params: { tenant: '%41', model: 'a b' } }],
  ['/files/a/b%20c/d?x=1', { params: { path: 'a/b c/d' }, query: { x: '1' }, prototype: null }],
  ['/files/', none],
  ['/batch/one?x=1', { params: { name: 'one' }, query: { x: '1' }, prototype: null }],
];

describe.each(ADAPTERS)('params and query in the context on %s', (adapter) => {
  it('are those of the URL', async () => {
    const app = await startApp(adapter, { controllers: [Model] });
    for (const [path, expected] of CALLS) {
      expect(await app.post(path, {}), path).toMatchObject({ status: 200, body: expected });
      expect((await app.post(path, {})).body, path).toEqual(expected);
    }
  });

  it('keep a name that is __proto__ as a name', async () => {
    const app = await startApp(adapter, { controllers: [Model] });
    const { body } = await app.post('/plain?__proto__=1&__proto__=2', {});
    expect(JSON.stringify(body.query)).toBe('{"__proto__":["1","2"]}');
  });
});
