import { setImmediate } from 'node:timers/promises';
import { ModelEndpoint, type PredictContext } from 'nestjs-model-serving';
import { createClient, ServingClientError } from 'nestjs-model-serving/client';
import { beforeEach, describe, expect, it } from 'vitest';
import { deferred } from '../endpoint/deferred.js';
import { ADAPTERS } from '../serving-app.js';
import { StreamModel } from '../stream/stream-model.js';
import { EchoModel, type EchoApi } from './echo-model.js';
import { cut, events, faultyServer, json, reset } from './faulty-server.js';
import { sharedApp } from './shared-app.js';

let model: StreamModel;
beforeEach(() => {
  model = new StreamModel();
});

async function* texts(size: number) {
  for (let n = 0; ; n++) yield { text: `${n}`.padEnd(size, '.') };
}

@ModelEndpoint('/endless', undefined, { stream: true })
class Endless {
  predict({ size }: { size: number }, context: PredictContext) {
    return model.stream(context, () => texts(size));
  }
}

@ModelEndpoint('/held', undefined, { stream: true })
class Held {
  predict(_: object, context: PredictContext) {
    return model.stream(context, async function* () {
      yield 1;
      await new Promise((resolve) => context.signal.addEventListener('abort', resolve));
    });
  }
}

/** All items of a stream, and how it fails. */
async function read(items: AsyncIterable<unknown>): Promise<{ items: unknown[]; error?: any }> {
  const read: unknown[] = [];
  try {
    for await (const item of items) read.push(item);
    return { items: read };
  } catch (error) {
    expect(error).toBeInstanceOf(ServingClientError);
    return { items: read, error };
  }
}

describe.each(ADAPTERS)('A client reads a stream on %s', (adapter) => {
  const app = sharedApp(adapter, { controllers: [EchoModel, Endless, Held] });
  const client = () => createClient<EchoApi>(app.url);

  it('to its end', async () => {
    const items: number[] = [];
    for await (const { n } of client().stream('/count', { to: 1000 })) items.push(n);
    expect(items).toEqual(Array.from({ length: 1000 }, (_, n) => n));
    expect(await read(client().stream('/count', { to: 0 }))).toEqual({ items: [] });
  });

  it('or as one array', async () => {
    expect(await client().call('/count', { to: 2 })).toEqual([{ n: 0 }, { n: 1 }]);
  });

  it('until it fails', async () => {
    const { items, error } = await read(client().stream('/count', { to: 9, failAt: 2 }));
    expect(items).toEqual([{ n: 0 }, { n: 1 }]);
    expect(error).toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: 'Cannot count beyond 2',
      status: 200,
      requestId: expect.stringMatching(/./),
    });
  });

  it('that fails before it begins', async () => {
    const { items, error } = await read(client().stream('/count', { to: 9, failAt: 0 }));
    expect(items).toEqual([]);
    expect(error).toMatchObject({ code: 'INVALID_ARGUMENT', status: 400 });
  });

  it('that is none', async () => {
    const { error } = await read(client().stream('/echo', { text: 'Ada' }));
    expect(error).toMatchObject({ code: 'UNKNOWN', status: 200 });
    expect(error.message).toContain('stream: true');
  });

  it('no faster than it is asked, and leaves it', async () => {
    for await (const item of createClient(app.url).stream('/endless', { size: 100_000 })) {
      expect(item.text).toHaveLength(100_000);
      for (let asked = -1; asked !== model.asked;) {
        asked = model.asked;
        for (let turn = 0; turn < 500; turn++) await setImmediate();
      }
      break;
    }
    // What fits into the buffers of the sockets between them, some megabytes.
    expect(model.asked).toBeLessThan(300);
    await model.until(({ finallyRan }) => finallyRan === 1);
    expect(model.contexts[0]!.signal.aborted).toBe(true);
  });

  it('and leaves it while it waits for an item', async () => {
    const items = createClient(app.url).stream('/held', {});
    expect(await items.next()).toEqual({ done: false, value: 1 });
    const waiting = items.next();
    expect(await items.return!()).toEqual({ done: true, value: undefined });
    expect(await waiting).toEqual({ done: true, value: undefined });
    expect(await items.next()).toEqual({ done: true, value: undefined });
    await model.until(({ finallyRan }) => finallyRan === 1);
  });

  it('until its caller leaves', async () => {
    const leaving = new AbortController();
    const items = createClient(app.url).stream('/held', {}, { signal: leaving.signal });
    await items.next();
    const waiting = items.next();
    leaving.abort('enough');
    await expect(waiting).rejects.toMatchObject({ code: 'CANCELLED', cause: 'enough' });
    await model.until(({ finallyRan }) => finallyRan === 1);
  });

  it('until its deadline', async () => {
    const { error } = await read(createClient(app.url).stream('/held', {}, { timeout: 300 }));
    expect(error).toMatchObject({ code: 'DEADLINE_EXCEEDED' });
  });

  it('that nobody has asked for, which is no request', async () => {
    const items = createClient(app.url).stream('/held', {});
    expect(await items.return!()).toEqual({ done: true, value: undefined });
    expect(await items.next()).toEqual({ done: true, value: undefined });
    expect(model.contexts).toHaveLength(0);
  });
});

const END = 'event: end\ndata: {}\n\n';
const TEXT = `data: "é🦉"\n\n`;
const bytes = Buffer.from(TEXT + END);

describe('A client reads server-sent events', () => {
  it.each([
    ['with all kinds of ends of lines', ['data: 1\r\rdata: 2\r\n\r\ndata: 3\n\n', END], [1, 2, 3]],
    ['with returns only', ['data: 1\r', '\rdata: 2\r\r', 'event: end\rdata: {}\r\r'], [1, 2]],
    ['with ends of lines that are cut', ['data: 1\r', '\n\r', '\ndata: 2\r', '\r', END], [1, 2]],
    [
      'with comments, other events and fields',
      [`: hi\n\n:\nid: 1\nretry: 5\ndata:1\n\nevent: x\ndata: 2\n\nid\n\n${END}`],
      [1],
    ],
    ['with an event in several lines', [`data: {"a":\ndata: 1}\n\n${END}`], [{ a: 1 }]],
    ['with a mark of its encoding', ['\uFEFFdata: 1\n\n', END], [1]],
    [
      'that are large',
      [`data: "${'x'.repeat(1e6)}`, 'y'.repeat(1e6), `"\n\n`, END],
      ['x'.repeat(1e6) + 'y'.repeat(1e6)],
    ],
    ['with what comes after the end', [`data: 1\n\n${END}data: 2\n\n`], [1]],
  ] satisfies [string, string[], unknown[]][])('%s', async (_, pieces, items) => {
    const { url } = await faultyServer(events(...pieces));
    expect(await read(createClient(url).stream('/x', {}))).toEqual({ items });
  });

  it('as soon as they are whole, whatever comes next', async () => {
    const { url } = await faultyServer((response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.write('data: 1\r\r');
    });
    for await (const item of createClient(url).stream('/x', {})) {
      expect(item).toBe(1);
      break;
    }
  });

  it('wherever they are cut', async () => {
    for (let at = 1; at < bytes.length; at += 3) {
      const { url } = await faultyServer((response) => {
        response.writeHead(200, { 'content-type': 'text/event-stream; charset=utf-8' });
        response.write(bytes.subarray(0, at), () => response.end(bytes.subarray(at)));
      });
      expect(await read(createClient(url).stream('/x', {}))).toEqual({ items: ['é🦉'] });
    }
  });

  it.each([
    ['end without an end', events('data: 1\n\n')],
    ['end within an event', events('data: 1\n\n', 'event: end\ndata: {}\n')],
    ['are cut', cut('data: 1\n\ndata', 'text/event-stream')],
  ])('and fails where they %s', async (_, act) => {
    const { url, requests } = await faultyServer(act);
    const { items, error } = await read(createClient(url).stream('/x', {}, { idempotent: true }));
    expect(items).toEqual([1]);
    expect(error).toMatchObject({
      code: 'UNAVAILABLE',
      status: 200,
      message: 'The answer was cut',
    });
    expect(requests).toHaveLength(1);
  });

  it.each([
    ['no JSON', events('data: 1\n\ndata: {"a"\n\n'), { code: 'UNKNOWN' }],
    [
      'an error that is none',
      events('data: 1\n\nevent: error\ndata: null\n\n'),
      { code: 'UNKNOWN' },
    ],
    [
      'an error',
      events('data: 1\n\nevent: error\ndata: {"error":"x","code":"ABORTED"}\n\n'),
      { code: 'ABORTED', message: 'x' },
    ],
  ])('and fails where they hold %s', async (_, act, expected) => {
    const { url } = await faultyServer(act);
    const { items, error } = await read(createClient(url).stream('/x', {}));
    expect(items).toEqual([1]);
    expect(error).toMatchObject(expected);
  });

  it('again, as long as no item has come', async () => {
    const { url, requests } = await faultyServer(
      json({ error: 'full' }, 429, { 'retry-after': '0' }),
      reset,
      cut('data: ', 'text/event-stream'),
      events('data: 1\n\n', END),
    );
    const client = createClient(url, { retry: { minDelay: 0 } });
    expect(await read(client.stream('/x', {}, { idempotent: true }))).toEqual({ items: [1] });
    expect(requests).toHaveLength(4);
  });

  it('but not where it may have run', async () => {
    const { url, requests } = await faultyServer(reset, events(END));
    expect((await read(createClient(url).stream('/x', {}))).error).toMatchObject({
      code: 'UNAVAILABLE',
    });
    expect(requests).toHaveLength(1);
  });

  it('and nothing is left behind of a page that was cut', async () => {
    const body = new ReadableStream({ start: (controller) => controller.error(new Error('cut')) });
    const headers = { 'content-type': 'text/html' };
    const fetch = () => Promise.resolve(new Response(body, { headers }));
    const { error } = await read(createClient('http://x', { fetch }).stream('/x', {}));
    expect(error).toMatchObject({ code: 'UNKNOWN' });
    // A rejection that nobody handles would come now.
    await setImmediate();
  });

  it('and tells an answer without a body', async () => {
    const { url } = await faultyServer((response) => {
      response.writeHead(204, { 'content-type': 'text/event-stream' }).end();
    });
    expect((await read(createClient(url).stream('/x', {}))).error).toMatchObject({
      code: 'UNKNOWN',
      status: 204,
    });
  });

  it('and lets go of a page, however long', async () => {
    const closed = deferred();
    const { url } = await faultyServer((response) => {
      response.once('close', () => closed.resolve());
      response.writeHead(200, { 'content-type': 'text/html' });
      response.write('<html>');
    });
    expect((await read(createClient(url).stream('/x', {}))).error).toMatchObject({
      code: 'UNKNOWN',
    });
    await closed.promise;
  });
});

it('A connection serves stream after stream', async () => {
  const { url, requests } = await faultyServer(events(`data: 1\n\n${END}`));
  const client = createClient(url);
  for (let n = 0; n < 6; n++) await read(client.stream('/x', {}));
  // The end of an answer may come after the next request.
  expect(new Set(requests.map(({ socket }) => socket.remotePort)).size).toBeLessThanOrEqual(2);
});
