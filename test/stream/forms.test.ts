import { execFile } from 'node:child_process';
import { Readable } from 'node:stream';
import { promisify } from 'node:util';
import { HttpException } from '@nestjs/common';
import { InvalidRequest, ModelEndpoint } from 'nestjs-model-serving';
import { callEndpoint } from 'nestjs-model-serving/testing';
import { concat, from, of, range, throwError } from 'rxjs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import protobuf from 'protobufjs';
import { createApp, type Answer } from '../serving-app.js';
import type { INestApplication } from '@nestjs/common';
import { eventsOf } from './client.js';
import { WAYS } from './ways.js';

const { root } = protobuf.parse(`
  syntax = "proto3";
  message Request { int32 to = 1; string fail = 2; }
  message Response { int32 n = 1; int64 big_number = 2; bytes raw = 3; }
`);

@ModelEndpoint('/count', root, { stream: true, maxArrayBytes: 100, warmup: [{ to: 2 }] })
class Counter {
  async *predict({ to, fail }: { to?: number; fail?: string }) {
    for (let n = 0; n < (to ?? 0); n++) yield { n, bigNumber: BigInt(n) };
    if (fail === 'invalid') throw new InvalidRequest('No more of these');
    if (fail === 'teapot') throw new HttpException('I am a teapot', 418);
    if (fail === 'secret') throw new Error('The secret is 42');
    if (fail === 'schema') yield { n: 'text' } as never;
  }
}

const ITEMS = [{ n: 0 }, { n: 1 }, { n: 2 }];
async function* generate() {
  yield* ITEMS;
}
/** What a handler of a stream may return, by name. */
const SOURCES: Record<string, () => unknown> = {
  array: () => ITEMS,
  set: () => new Set(ITEMS),
  'generator object': () =>
    (function* () {
      yield* ITEMS;
    })(),
  'array of promises': () => ITEMS.map((item) => Promise.resolve(item)),
  'async generator object': generate,
  'promise of an async generator': async () => generate(),
  'web stream': () => ReadableStream.from(ITEMS),
  'readable of objects': () => Readable.from(ITEMS),
  observable: () => from(ITEMS),
  'promise of an observable': async () => from(ITEMS),
  'bare async iterator': () => {
    let n = 0;
    const next = async () =>
      n < 3 ? { done: false, value: { n: n++ } } : { done: true, value: 9 };
    return { [Symbol.asyncIterator]: () => ({ next }) };
  },
};
const NO_SOURCES: Record<string, () => unknown> = {
  'a string': () => 'abc',
  undefined: () => undefined,
  null: () => null,
  'a number': () => 5,
  'an object': () => ({ n: 0 }),
  bytes: () => Buffer.from('abc'),
};

@ModelEndpoint('/source', undefined, { stream: true })
class Source {
  predict({ name }: { name: string }): never {
    return (SOURCES[name] ?? NO_SOURCES[name])!() as never;
  }
}

@ModelEndpoint('/observable', undefined, { stream: true })
class Observed {
  predict({ to }: { to: number }) {
    return concat(range(0, to), to === 3 ? throwError(() => new InvalidRequest('three')) : of());
  }
}

/** Of characters of two units each, after none or one of a single unit. */
const faces = (odd: boolean) => (odd ? '.' : '') + '😀'.repeat(200_000);

@ModelEndpoint('/large', undefined, { stream: true })
class Large {
  *predict({ odd }: { odd: boolean }) {
    yield* [faces(odd), 'small', faces(odd)];
  }
}

const run = promisify(execFile);

describe.each(WAYS)('A stream by $way', ({ adapter, defaults }) => {
  let app: INestApplication;
  let url: string;
  beforeAll(async () => {
    const controllers = [Counter, Source, Observed, Large];
    app = await createApp(adapter, { controllers, options: { defaults } });
    await app.listen(0, '127.0.0.1');
    url = await app.getUrl();
  });
  afterAll(() => app.close());

  async function post(
    path: string,
    body: unknown,
    headers: Record<string, string> = {},
  ): Promise<Answer & { body: string }> {
    const init = { method: 'POST', body: JSON.stringify(body) };
    const answer = await fetch(url + path, {
      ...init,
      headers: { connection: 'close', ...headers },
    });
    return { status: answer.status, headers: answer.headers, body: await answer.text() };
  }

  it.each(['text/event-stream', '*/*', '', undefined])(
    'is one of events for Accept: %s',
    async (accept) => {
      const headers = accept === undefined ? undefined : { accept };
      const answer = await post('/count', { to: 2 }, headers);
      expect(answer.status).toBe(200);
      expect(answer.headers.get('content-type')).toBe('text/event-stream');
      expect(answer.headers.get('cache-control')).toBe('no-store, no-transform');
      expect(answer.headers.get('x-accel-buffering')).toBe('no');
      expect(answer.headers.get('x-request-id')).toMatch(/.+/);
      expect(answer.headers.get('content-length')).toBeNull();
      expect(eventsOf(answer.body)).toEqual([
        { id: '0', event: undefined, data: '{"n":0,"bigNumber":"0"}' },
        { id: '1', event: undefined, data: '{"n":1,"bigNumber":"1"}' },
        { id: undefined, event: 'end', data: '{}' },
      ]);
    },
  );

  it.each(['application/x-ndjson', 'application/jsonl'])(
    'is one of lines for %s',
    async (accept) => {
      const answer = await post('/count', { to: 2 }, { accept });
      expect(answer.headers.get('content-type')).toBe(accept);
      expect(answer.body).toBe('{"n":0,"bigNumber":"0"}\n{"n":1,"bigNumber":"1"}\n');
    },
  );

  it('is an array for application/json', async () => {
    const answer = await post('/count', { to: 2 }, { accept: 'application/json' });
    expect(answer.headers.get('content-type')).toMatch('application/json');
    expect(JSON.parse(answer.body)).toEqual([
      { n: 0, bigNumber: '0' },
      { n: 1, bigNumber: '1' },
    ]);
  });

  it.each([
    ['application/json;q=0.5, application/x-ndjson;q=0.9, */*;q=0.1', 'application/x-ndjson'],
    ['application/json, text/plain, */*', 'application/json'],
    ['text/event-stream;q=0, */*', 'application/x-ndjson'],
    ['text/*;q=0.2, application/jsonl;q=0.3', 'application/jsonl'],
    ['TEXT/Event-Stream', 'text/event-stream'],
    ['text/event-stream; charset=utf-8', 'text/event-stream'],
    ['application/x-ndjson; profile="a, b"; q=0.5, application/json;q=0.4', 'application/x-ndjson'],
    ['application/json;odata=verbose', 'application/json'],
    ['application/*', 'application/x-ndjson'],
    ['image/png, application/json;q=0.001', 'application/json'],
  ])('takes the form that %s prefers', async (accept, type) => {
    const answer = await post('/count', { to: 1 }, { accept });
    expect(answer.headers.get('content-type')).toMatch(type);
  });

  it.each(['image/png', '*/*;q=0', 'text/plain, text/html;q=0.9', 'nonsense'])(
    'is refused for %s',
    async (accept) => {
      const answer = await post('/count', { to: 1 }, { accept });
      expect(answer.status).toBe(406);
      expect(JSON.parse(answer.body)).toMatchObject({
        code: 'INVALID_ARGUMENT',
        error: expect.stringMatching(
          /text\/event-stream.*application\/x-ndjson.*application\/json/,
        ),
      });
    },
  );

  it('may be empty', async () => {
    const events = await post('/count', { to: 0 });
    expect([events.status, events.body]).toEqual([200, 'event: end\ndata: {}\n\n']);
    const lines = await post('/count', {}, { accept: 'application/x-ndjson' });
    expect([lines.status, lines.body]).toEqual([200, '']);
    const array = await post('/count', {}, { accept: 'application/json' });
    expect([array.status, array.body]).toEqual([200, '[]']);
  });

  it.each([
    ['invalid', 400, 'INVALID_ARGUMENT', 'No more of these'],
    ['teapot', 418, 'FAILED_PRECONDITION', 'I am a teapot'],
    ['secret', 500, 'INTERNAL', 'Internal server error'],
    ['schema', 500, 'INTERNAL', 'Internal server error'],
  ])('fails before its first item as any call: %s', async (fail, status, code, error) => {
    for (const accept of ['*/*', 'application/x-ndjson', 'application/json']) {
      const answer = await post('/count', { fail }, { accept });
      expect(answer.status).toBe(status);
      expect(answer.headers.get('content-type')).toMatch('application/json');
      expect(JSON.parse(answer.body)).toMatchObject({ code, error });
    }
  });

  it.each([
    ['invalid', 'INVALID_ARGUMENT', 'No more of these'],
    ['teapot', 'FAILED_PRECONDITION', 'I am a teapot'],
    ['secret', 'INTERNAL', 'Internal server error'],
    ['schema', 'INTERNAL', 'Internal server error'],
  ])('says later failures last: %s', async (fail, code, error) => {
    const told = { error, code, requestId: 'mine' };
    const events = await post('/count', { to: 2, fail }, { 'x-request-id': 'mine' });
    expect(events.status).toBe(200);
    const [, , last, ...none] = eventsOf(events.body);
    expect(last).toMatchObject({ event: 'error', id: undefined });
    expect(JSON.parse(last!.data)).toEqual(told);
    expect(none).toEqual([]);
    const lines = await post(
      '/count',
      { to: 2, fail },
      { 'x-request-id': 'mine', accept: 'application/x-ndjson' },
    );
    expect(lines.body.split('\n').map((line: string) => line && JSON.parse(line))).toEqual([
      { n: 0, bigNumber: '0' },
      { n: 1, bigNumber: '1' },
      told,
      '',
    ]);
    expect(lines.body).not.toContain('secret');
  });

  it('is refused as an array that is too large, with the advice to ask for lines', async () => {
    const answer = await post('/count', { to: 10 }, { accept: 'application/json' });
    expect(answer.status).toBe(413);
    expect(JSON.parse(answer.body)).toMatchObject({
      code: 'RESOURCE_EXHAUSTED',
      error: expect.stringContaining('application/x-ndjson'),
    });
    // 4 * 23 characters, 3 commas and 2 brackets are 97 of the 100 bytes; the last item is one too many.
    expect((await post('/count', { to: 4 }, { accept: 'application/json' })).status).toBe(200);
    expect((await post('/count', { to: 5 }, { accept: 'application/json' })).status).toBe(413);
  });

  it('checks its input before it begins', async () => {
    const answer = await post('/count', { to: 'many' });
    expect(answer.status).toBe(400);
    expect(JSON.parse(answer.body).details).toMatchObject([{ path: '$.to' }]);
  });

  it.each(Object.keys(SOURCES))('comes from an %s', async (name) => {
    const answer = await post('/source', { name }, { accept: 'application/json' });
    expect(JSON.parse(answer.body)).toEqual(ITEMS);
  });

  it.each(Object.keys(NO_SOURCES))('does not come from %s', async (name) => {
    const answer = await post('/source', { name });
    expect(answer.status).toBe(500);
  });

  it('comes from an Observable as it pushes, with its failure', async () => {
    const many = await post('/observable', { to: 20_000 }, { accept: 'application/x-ndjson' });
    expect(many.body).toBe(Array.from({ length: 20_000 }, (_, n) => `${n}\n`).join(''));
    const failed = await post('/observable', { to: 3 }, { accept: 'application/x-ndjson' });
    expect(failed.body).toMatch(/^0\n1\n2\n\{"error":"three","code":"INVALID_ARGUMENT"/);
  });

  it.each([false, true])('holds items that are too large for one piece', async (odd) => {
    const { body } = await post('/large', { odd }, { accept: 'application/x-ndjson' });
    const items = [faces(odd), 'small', faces(odd)];
    expect(body === items.map((item) => `${JSON.stringify(item)}\n`).join('')).toBe(true);
  });

  it('is an array for callEndpoint', async () => {
    expect(await callEndpoint(app, Counter, { to: 2 })).toEqual([
      { n: 0, bigNumber: '0' },
      { n: 1, bigNumber: '1' },
    ]);
    expect(await callEndpoint(app, '/count', {})).toEqual([]);
    await expect(callEndpoint(app, '/count', { to: 1, fail: 'teapot' })).rejects.toMatchObject({
      status: 418,
      code: 'FAILED_PRECONDITION',
    });
  });

  it('is read by curl and jq', async () => {
    const curl = `curl -sN ${url}/count -d '{"to":3}'`;
    const events = await run('sh', ['-c', curl]);
    expect(eventsOf(events.stdout)).toHaveLength(4);
    const lines = await run('sh', ['-c', `${curl} -H 'Accept: application/x-ndjson' | jq .n`]);
    expect(lines.stdout).toBe('0\n1\n2\n');
  });
});
