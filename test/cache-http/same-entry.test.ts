import { Controller } from '@nestjs/common';
import { ModelEndpoint } from 'nestjs-model-serving';
import { describe, expect, it } from 'vitest';
import { ADAPTERS, startApp } from '../serving-app.js';
import { entrySchema } from './entry-schema.js';

let runs = 0;

@Controller()
class Models {
  @ModelEndpoint('/schema', entrySchema(), { cache: true })
  schema() {
    return { run: ++runs };
  }

  @ModelEndpoint('/plain', undefined, { cache: true })
  plain() {
    return { run: ++runs };
  }
}

const FULL = {
  userName: 'a',
  bigNumber: '9007199254740993',
  color: 'RED',
  data: '+/8=',
  items: [{ someText: 'x', number: 1 }],
  counts: { a: 1, b: 2 },
  number: 100,
};

const SPELLINGS: [string, unknown][] = [
  ['the original field name', { ...FULL, userName: undefined, user_name: 'a' }],
  ['an original field name further in', { ...FULL, items: [{ some_text: 'x', number: 1 }] }],
  ['a number of an enum value', { ...FULL, color: 1 }],
  ['base64url without padding', { ...FULL, data: '-_8' }],
  ['numbers as strings', { ...FULL, number: '1e2', counts: { a: '1', b: 2.0 } }],
  ['a null for an absent field', { ...FULL, fail: null }],
  ['the other order of keys', Object.fromEntries(Object.entries(FULL).reverse())],
  ['the other order of a map', { ...FULL, counts: { b: 2, a: 1 } }],
  ['the other order further in', { ...FULL, items: [{ number: 1, someText: 'x' }] }],
  ['white space', JSON.stringify(FULL, undefined, 4)],
  ['escapes', JSON.stringify(FULL).replace('"a"', '"\\u0061"')],
  ['another number literal', JSON.stringify(FULL).replace('100', '1.0e2')],
  ['a byte order mark', `\uFEFF${JSON.stringify(FULL)}`],
];

const OTHERS: [string, unknown][] = [
  ['another text', { ...FULL, userName: 'b' }],
  ['a 64-bit number that is a double away', { ...FULL, bigNumber: '9007199254740992' }],
  ['another order of items', { ...FULL, items: [{ number: 1 }, { someText: 'x' }] }],
  ['an entry less in a map', { ...FULL, counts: { a: 1 } }],
  ['a field less', { ...FULL, number: undefined }],
];

describe.each(ADAPTERS)('one entry for one request, on %s', (adapter) => {
  it('however it is written', async () => {
    const app = await startApp(adapter, { controllers: [Models] });
    const first = await app.post('/schema', FULL);
    expect([first.status, first.headers.get('x-cache')]).toEqual([200, 'MISS']);
    for (const [what, spelling] of SPELLINGS) {
      const { status, headers, body } = await app.post('/schema', spelling);
      expect([what, status, headers.get('x-cache')]).toEqual([what, 200, 'HIT']);
      expect(body).toEqual(first.body);
    }
  });

  it('whether a 64-bit integer is a number or a string', async () => {
    const app = await startApp(adapter, { controllers: [Models] });
    await app.post('/schema', { bigNumber: 12 });
    for (const spelling of ['{"bigNumber":"12"}', '{"big_number":12}', '{"bigNumber":1.2e1}']) {
      expect((await app.post('/schema', spelling)).headers.get('x-cache')).toBe('HIT');
    }
  });

  it('but not for one that says something else', async () => {
    const app = await startApp(adapter, { controllers: [Models] });
    await app.post('/schema', FULL);
    for (const [what, other] of OTHERS) {
      const { status, headers } = await app.post('/schema', other);
      expect([what, status, headers.get('x-cache')]).toEqual([what, 200, 'MISS']);
    }
  });

  it('whatever the order of keys, without a schema', async () => {
    const app = await startApp(adapter, { controllers: [Models] });
    await app.post('/plain', '{"a":{"x":1,"y":[{"p":1,"q":null}]},"b":"t"}');
    const same = '{ "b":"t", "a":{"y":[{"q":null,"p":1.0}],"x":1} }';
    expect((await app.post('/plain', same)).headers.get('x-cache')).toBe('HIT');
    for (const other of [
      '{"a":{"x":1,"y":[{"p":1}]},"b":"t"}',
      '{"a":{"x":"1","y":[{"p":1,"q":null}]},"b":"t"}',
      '{"a":{"x":1,"y":{"p":1,"q":null}},"b":"t"}',
      '{"b":{"x":1,"y":[{"p":1,"q":null}]},"a":"t"}',
    ]) {
      expect((await app.post('/plain', other)).headers.get('x-cache')).toBe('MISS');
    }
  });

  it('whatever headers, content type or compression it came with', async () => {
    const app = await startApp(adapter, { controllers: [Models] });
    await app.post('/plain', { a: 1 }, { 'content-type': 'text/plain', 'x-tenant': 'a' });
    const headers = { 'content-type': 'application/json', 'x-tenant': 'b', 'x-request-id': 'r' };
    expect((await app.post('/plain', { a: 1 }, headers)).headers.get('x-cache')).toBe('HIT');
  });
});
