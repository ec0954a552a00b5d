import { Controller } from '@nestjs/common';
import { ModelEndpoint } from 'nestjs-model-serving';
import { afterEach, describe, expect, it } from 'vitest';
import { ADAPTERS, startApp } from '../serving-app.js';
import { textSchema } from './text-schema.js';

const polluted = () => (({}) as { polluted?: unknown }).polluted;

afterEach(() => {
  expect(polluted()).toBeUndefined();
});

/** What careless handlers do with what they get. */
function merge(target: any, source: any): any {
  for (const key of Object.keys(source)) {
    if (typeof source[key] === 'object' && source[key] !== null && target[key]) {
      merge(target[key], source[key]);
    } else {
      target[key] = source[key];
    }
  }
  return target;
}

@Controller()
class Merging {
  @ModelEndpoint('/free')
  free(input: object) {
    const merged = merge({ inner: {}, items: [], labels: {}, extra: {} }, input);
    return { proto: Object.getPrototypeOf(merged) === Object.prototype, input };
  }

  @ModelEndpoint('/checked', { request: textSchema().lookupType('Request') })
  checked(input: { labels?: object; extra?: object }) {
    return {
      plain: [input, input.labels ?? {}, input.extra ?? {}].every(
        (part) =>
          Object.getPrototypeOf(part) === Object.prototype || Object.getPrototypeOf(part) === null,
      ),
      labels: Object.entries(input.labels ?? {}),
      extra: Object.entries(input.extra ?? {}),
    };
  }
}

describe.each(ADAPTERS)('keys that could reach a prototype on %s', (adapter) => {
  it.each([
    '{"__proto__":{"polluted":true}}',
    '{"\\u005f_proto__":{"polluted":true}}',
    '{"__proto__":null}',
    '{"constructor":{"prototype":{"polluted":true}}}',
    '{"inner":{"__proto__":{"polluted":true}}}',
    '{"inner":{"constructor":{"prototype":{"polluted":true}}}}',
    '{"items":[{"__proto__":{"polluted":true}}]}',
  ])('are refused with a schema and without: %s', async (body) => {
    const app = await startApp(adapter, { controllers: [Merging] });
    for (const path of ['/free', '/checked']) {
      const answer = await app.post(path, body);
      expect(answer, path).toMatchObject({ status: 400, body: { code: 'INVALID_ARGUMENT' } });
      expect(polluted()).toBeUndefined();
    }
  });

  it.each(['constructor', 'prototype', 'toString', 'hasOwnProperty'])(
    'are ordinary keys where they hold a value: %s',
    async (key) => {
      const app = await startApp(adapter, { controllers: [Merging] });
      expect((await app.post('/free', `{"${key}":"a"}`)).body.input).toEqual({ [key]: 'a' });
      expect((await app.post('/checked', `{"${key}":"a"}`)).status).toBe(400);
      const entries = [[key, 'a']];
      const { body } = await app.post(
        '/checked',
        `{"labels":{"${key}":"a"},"extra":{"${key}":"a"}}`,
      );
      expect(body).toEqual({ plain: true, labels: entries, extra: entries });
    },
  );

  it('never become a prototype in a map or a Struct', async () => {
    const app = await startApp(adapter, { controllers: [Merging] });
    for (const part of ['"labels":{"__proto__":"a"}', '"extra":{"__proto__":{"polluted":true}}']) {
      // With a number in place of one spelling, so that the slow path reads it, too.
      for (const body of [`{${part}}`, `{${part},"count":"1"}`]) {
        const answer = await app.post('/checked', body);
        expect([200, 400], body).toContain(answer.status);
        if (answer.status === 200) expect(answer.body.plain, body).toBe(true);
        expect(polluted()).toBeUndefined();
      }
    }
  });
});
