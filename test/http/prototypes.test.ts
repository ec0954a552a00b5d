import { Controller } from '@nestjs/common';
import { ModelEndpoint } from 'nestjs-model-serving';
import protobuf from 'protobufjs';
import { afterEach, describe, expect, it } from 'vitest';
import { ADAPTERS, startApp } from '../serving-app.js';

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

function schema() {
  const { root } = protobuf.parse(
    `syntax = "proto3";
    import "google/protobuf/struct.proto";
    import "google/protobuf/any.proto";
    message Request {
      map<string, string> labels = 1; google.protobuf.Struct extra = 2; google.protobuf.Value value = 3;
      google.protobuf.ListValue list = 4; google.protobuf.Any any = 5; int32 count = 6;
      map<string, google.protobuf.Struct> structs = 7;
    }`,
  );
  for (const file of ['struct', 'any']) {
    root.addJSON(protobuf.common.get(`google/protobuf/${file}.proto`)!.nested!);
  }
  return root;
}

@Controller()
class Merging {
  @ModelEndpoint('/free')
  free(input: object) {
    const merged = merge({ inner: {}, items: [], labels: {}, extra: {} }, input);
    return { proto: Object.getPrototypeOf(merged) === Object.prototype, input };
  }

  @ModelEndpoint('/checked', { request: schema().lookupType('Request') })
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

  it('are refused wherever a client chooses the keys, however they are spelled', async () => {
    const app = await startApp(adapter, { controllers: [Merging] });
    const keys = [
      ['"__proto__":{"polluted":true}', '__proto__'],
      ['"\\u005f\\u005fproto__":{"polluted":true}', '__proto__'],
      ['"__proto__":"a"', '__proto__'],
      ['"__proto__":null', '__proto__'],
      ['"constructor":{"prototype":{"polluted":true}}', 'constructor'],
      ['"\\u0063onstructor":{"a":1}', 'constructor'],
      ['"prototype":{"polluted":true}', 'prototype'],
      ['"prototype":[1]', 'prototype'],
    ];
    const places = [
      ['{"extra":{K}}', '$.extra'],
      ['{"extra":{"a":[{"b":1,K}]}}', '$.extra.a[0]'],
      ['{"value":{K}}', '$.value'],
      ['{"value":[[{K}]]}', '$.value[0][0]'],
      ['{"list":[{K}]}', '$.list[0]'],
      ['{"any":{"@type":"x/google.protobuf.Struct","value":{K}}}', '$.any.value'],
      ['{"any":{"@type":"x/Request","extra":{K}}}', '$.any.extra'],
      ['{"structs":{"a":{},K}}', '$.structs'],
    ];
    for (const [key, name] of keys) {
      for (const [place, path] of places) {
        const body = place!.replace('K', key!);
        // A number in place of its string takes the slow path.
        for (const sent of [body, body.replace('{', '{"count":"1",')]) {
          for (const route of ['/free', '/checked']) {
            const answer = await app.post(route, sent);
            expect(answer, `${route} ${sent}`).toMatchObject({ status: 400 });
            // A map of Structs refuses what is no Struct as well.
            expect(answer.body.details[0].path, sent).toBe(`${path}.${name}`);
            expect(polluted()).toBeUndefined();
          }
        }
      }
    }
    for (const key of ['__proto__', '\\u005f_proto__']) {
      const answer = await app.post('/checked', `{"labels":{"${key}":"a"}}`);
      expect(answer.body.details[0].path).toBe('$.labels.__proto__');
    }
  });
});
