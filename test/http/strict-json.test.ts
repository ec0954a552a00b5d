import { Controller } from '@nestjs/common';
import { ModelEndpoint } from 'nestjs-model-serving';
import protobuf, { type Root } from 'protobufjs';
import { describe, expect, it } from 'vitest';
import { ADAPTERS, startApp } from '../serving-app.js';

function schema(): Root {
  const { root } = protobuf.parse(
    `syntax = "proto3";
    import "google/protobuf/struct.proto";
    import "google/protobuf/any.proto";
    import "google/protobuf/wrappers.proto";
    message Request {
      int64 user_id = 1; uint64 u = 2; sint64 s = 3; fixed64 f = 4; sfixed64 sf = 5;
      repeated int64 ids = 6; map<string, uint64> counts = 7; oneof choice { int64 one = 8; string other = 9; }
      google.protobuf.Int64Value wrapped = 10; google.protobuf.UInt64Value unsigned = 11;
      Request inner = 12; google.protobuf.Any any = 13; google.protobuf.Struct extra = 14;
      map<string, string> labels = 15; int32 small = 16; double real = 17; string text = 18;
      google.protobuf.Value value = 19; map<string, Request> nested = 20; optional string nick_name = 21;
      repeated google.protobuf.Any anys = 22;
    }`,
    { keepCase: true },
  );
  for (const file of ['struct', 'any', 'wrappers']) {
    root.addJSON(protobuf.common.get(`google/protobuf/${file}.proto`)!.nested!);
  }
  return root as Root;
}

@Controller()
class Echo {
  @ModelEndpoint('/free')
  free(input: object) {
    return input;
  }

  @ModelEndpoint('/checked', { request: schema().lookupType('Request') })
  checked(input: object) {
    return input;
  }

  @ModelEndpoint('/answer', { response: schema().lookupType('Request') })
  answer({ digits }: { digits: string }) {
    return { userId: Number(digits) };
  }
}

const parts = { controllers: [Echo] };
const paths = (body: { details?: { path: string }[] }) => body.details?.map(({ path }) => path);

describe.each(ADAPTERS)('a body on %s', (adapter) => {
  it('may not hold a key twice', async () => {
    const app = await startApp(adapter, parts);
    for (const [body, path] of [
      ['{"text":"a","text":"a"}', '$.text'],
      ['{"text":"a","\\u0074ext":"b"}', '$.text'],
      ['{"text":null,"text":"b"}', '$.text'],
      ['{"inner":{"inner":{"small":1,"small":2}}}', '$.inner.inner.small'],
      ['{"ids":[1],"ids":[2]}', '$.ids'],
      ['{"labels":{"a":"x","a":"y"}}', '$.labels.a'],
      ['{"labels":{"a":":","b":"{\\"a\\":1}","a":"y"}}', '$.labels.a'],
      ['{"extra":{"a":[{"b":1,"b":1}]}}', '$.extra.a[0].b'],
      ['{"value":[[{"b":1,"b":1}]]}', '$.value[0][0].b'],
      ['{"nested":{"x":{"text":"a","text":"b"}}}', '$.nested.x.text'],
      ['{"any":{"@type":"x/Request","text":"a","text":"b"}}', '$.any.text'],
      ['{"any":{"@type":"x/Request","@type":"x/Request"}}', '$.any["@type"]'],
      ['{"any":{"@type":"x/google.protobuf.Struct","value":{"a":1,"a":1}}}', '$.any.value.a'],
    ] as const) {
      for (const route of ['/free', '/checked']) {
        const answer = await app.post(route, body);
        expect(answer, route).toMatchObject({ status: 400, body: { code: 'INVALID_ARGUMENT' } });
        expect(paths(answer.body), route).toEqual([path]);
      }
    }
  });

  it('may not hold a field in both of its spellings, which is said once', async () => {
    const app = await startApp(adapter, parts);
    for (const field of ['userId', 'user_id', 'nickName', 'nick_name']) {
      const other = { userId: 'user_id', user_id: 'userId', nickName: 'nick_name', nick_name: 'nickName' }[field]!; // prettier-ignore
      const answer = await app.post('/checked', `{"inner":{"${field}":"1","${other}":"1"}}`);
      expect(answer.status).toBe(400);
      expect(answer.body.details).toHaveLength(1);
      expect(answer.body.error).not.toContain('oneof');
    }
    const choice = await app.post('/checked', '{"one":"1","other":"a"}');
    expect(choice.body.error).toContain('oneof choice');
  });

  it('may hold colons, braces, quotes and escapes in strings', async () => {
    const app = await startApp(adapter, parts);
    const body = { text: '{"text":1,"text":2}', labels: { ':': ':', 'a"b': '\\', '\\': '":"' } };
    for (const route of ['/free', '/checked']) {
      expect(await app.post(route, body), route).toMatchObject({ status: 200, body });
      const spaced = await app.post(route, JSON.stringify(body, null, 2));
      expect(spaced, route).toMatchObject({ status: 200, body });
    }
  });

  const CHANGED = ['9007199254740993', '9007199254740993.0', '9.007199254740993e15', '9223372036854775807']; // prettier-ignore

  it('may not say a 64-bit integer by a number that parsing changes', async () => {
    const app = await startApp(adapter, parts);
    for (const [body, path] of [
      ['{"userId":N}', '$.userId'],
      ['{"user_id":N}', '$.user_id'],
      ['{"u":N}', '$.u'],
      ['{"s":N}', '$.s'],
      ['{"f":N}', '$.f'],
      ['{"sf":N}', '$.sf'],
      ['{"text":"N","ids":["N",1,N]}', '$.ids[2]'],
      ['{"counts":{"N":1,"a b":N}}', '$.counts["a b"]'],
      ['{"one":N}', '$.one'],
      ['{"wrapped":N}', '$.wrapped'],
      ['{"unsigned":N}', '$.unsigned'],
      ['{"inner":{"inner":{"userId":N}}}', '$.inner.inner.userId'],
      ['{"any":{"@type":"x/Request","userId":N}}', '$.any.userId'],
      ['{"any":{"value":N,"@type":"x/google.protobuf.Int64Value"}}', '$.any.value'],
      ['{"\\u0069ds":[N]}', '$.ids[0]'],
    ] as const) {
      for (const literal of CHANGED) {
        const answer = await app.post('/checked', body.replaceAll('N', literal));
        expect(answer, literal).toMatchObject({ status: 400, body: { code: 'INVALID_ARGUMENT' } });
        expect(paths(answer.body)).toEqual([path]);
        expect(answer.body.error).toContain('as a string');
        expect(answer.body.error).toContain(literal);
      }
    }
  });

  it('may say it by one that is exact', async () => {
    const app = await startApp(adapter, parts);
    for (const [body, seen] of [
    ['{"userId":9223372036854774784}', { userId: '9223372036854774784' }],
    ['{"userId":-9223372036854775808}', { userId: '-9223372036854775808' }],
    ['{"u":18446744073709549568}', { u: '18446744073709549568' }],
    ['{"u":1e19,"ids":[1e3,1.0,9007199254740991]}', { u: '10000000000000000000', ids: ['1000', '1', '9007199254740991'] }],
    ['{"userId":"9007199254740993"}', { userId: '9007199254740993' }],
    ['{"userId":"9007199254740993.0"}', { userId: '9007199254740993' }],
    ['{"userId":"9.007199254740993e15"}', { userId: '9007199254740993' }],
    ['{"real":9007199254740993,"ids":[1]}', { real: 9007199254740992, ids: ['1'] }],
    ['{"value":9007199254740993,"userId":9007199254740992}', { value: 9007199254740992, userId: '9007199254740992' }],
  ] as const) {
    expect(await app.post('/checked', body)).toMatchObject({ status: 200, body: seen });
    }
  }); // prettier-ignore

  it('may not hold what is no int64', async () => {
    const app = await startApp(adapter, parts);
    for (const literal of [
      '1e400',
      '9223372036854775808',
      '-1e300',
      '1.5',
      '9007199254740993.5',
      '"1e400"',
      '"9007199254740992.5"',
    ]) {
      expect((await app.post('/checked', `{"userId":${literal}}`)).status).toBe(400);
    }
  });

  it('may hold an empty Any, and nothing beside the value of a well-known one', async () => {
    const app = await startApp(adapter, parts);
    const fine = { any: {}, anys: [{}, { '@type': 'x/google.protobuf.Any', value: {} }] };
    expect(await app.post('/checked', fine)).toMatchObject({ status: 200, body: fine });
    for (const any of [
      { value: 1 },
      { '@type': '' },
      { '@type': 1 },
      { '@type': 'x/google.protobuf.Int64Value', value: 1, more: 1 },
      { '@type': 'x/Request', nope: 1 },
    ]) {
      expect((await app.post('/checked', { any })).status).toBe(400);
    }
  });
});

describe.each(ADAPTERS)('an answer on %s', (adapter) => {
  it('may not hold a number beyond 2^53 for a 64-bit field', async () => {
    const app = await startApp(adapter, parts);
    for (const digits of ['9007199254740992', '-9007199254740994', '1e18']) {
      expect((await app.post('/answer', { digits })).status).toBe(500);
      expect((await app.post('/answer', { digits: '9007199254740991' })).body).toEqual({
        userId: '9007199254740991',
      });
    }
  });
});
