import { getEventListeners, once } from 'node:events';
import { createClient, type CallOptions } from 'nestjs-model-serving/client';
import { describe, expect, it } from 'vitest';
import { failure } from './failure.js';
import { cut, faultyServer, json, page, silence, type Act } from './faulty-server.js';

describe('A call ends', () => {
  it.each([
    ['before the head', silence],
    ['within the body', (response) => void response.writeHead(200).write('{"a":')],
    ['within the body of an error', (response) => void response.writeHead(503).write('<html>')],
  ] satisfies [string, Act][])('at its deadline %s', async (_, act) => {
    const { url } = await faultyServer(act);
    const error = await failure(url, { timeout: 300 });
    expect(error).toMatchObject({
      code: 'DEADLINE_EXCEEDED',
      message: expect.stringMatching('300'),
    });
  });

  it('with its caller, and the server sees it', async () => {
    const leaving = new AbortController();
    let gone: Promise<unknown> | undefined;
    const { url } = await faultyServer((_, request) => {
      gone = once(request.socket, 'close');
      leaving.abort('enough');
    });
    const error = await failure(url, { signal: leaving.signal });
    expect(error).toMatchObject({ code: 'CANCELLED', cause: 'enough' });
    await gone;
  });

  it('before it begins, where its caller has left', async () => {
    const { url, requests } = await faultyServer(json({}));
    const signal = AbortSignal.abort();
    expect(await failure(url, { signal })).toMatchObject({ code: 'CANCELLED' });
    expect(requests).toHaveLength(0);
  });

  it.each([0, -1, -Infinity])('before it begins, where its time is %d ms', async (timeout) => {
    const { url, requests } = await faultyServer(json({}), json({}));
    expect(await failure(url, { timeout })).toMatchObject({ code: 'DEADLINE_EXCEEDED' });
    const items = createClient(url).stream('/x', {}, { timeout });
    await expect(items.next()).rejects.toMatchObject({ code: 'DEADLINE_EXCEEDED' });
    await createClient(url).call('/after', {});
    expect(requests.map(({ url }) => url)).toEqual(['/after']);
  });

  it('with the deadline of a signal', async () => {
    const { url } = await faultyServer(silence);
    const error = await failure(url, { signal: AbortSignal.timeout(100) });
    expect(error).toMatchObject({ code: 'DEADLINE_EXCEEDED' });
  });

  it('also where a fetch of the caller knows no signal', async () => {
    const fetch = () => new Promise<Response>(() => {});
    const call = createClient('http://localhost', { fetch }).call('/x', {}, { timeout: 50 });
    await expect(call).rejects.toMatchObject({ code: 'DEADLINE_EXCEEDED' });
  });

  it('all that have the same signal', async () => {
    const { url } = await faultyServer(silence);
    const leaving = new AbortController();
    const { signal } = leaving;
    const client = createClient(url);
    const calls = Array.from({ length: 30 }, () => client.call('/x', {}, { signal }));
    // Node warns of a leak where there are more than ten.
    expect(getEventListeners(signal, 'abort')).toHaveLength(1);
    leaving.abort();
    const ends = await Promise.allSettled(calls);
    expect(ends.map((end) => end.status === 'rejected' && end.reason.code)).toEqual(
      calls.map(() => 'CANCELLED'),
    );
  });

  it.each([
    ['answered', json({}), { signal: undefined }],
    ['refused', page('', 400), {}],
    ['cut', cut('{'), { idempotent: true }],
    ['late', silence, { timeout: 50 }],
    ['a mistake', json({}), { headers: { 'a b': '' } }],
  ] satisfies [string, Act, CallOptions][])(
    'and leaves nothing at a signal that lives on, where it is %s',
    async (_, act, options) => {
      const { url } = await faultyServer(act);
      const { signal } = new AbortController();
      const client = createClient(url, { retry: { minDelay: 0 } });
      const others = client.call('/x', {}, { ...options, signal });
      await Promise.allSettled([others, client.call('/x', {}, { ...options, signal })]);
      await client
        .stream('/x', {}, { ...options, signal })
        .next()
        .catch(() => {});
      expect(getEventListeners(signal, 'abort')).toEqual([]);
    },
  );
});
