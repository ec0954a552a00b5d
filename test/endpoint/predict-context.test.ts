import { once } from 'node:events';
import { Controller } from '@nestjs/common';
import { ModelEndpoint, type PredictContext } from 'nestjs-model-serving';
import { describe, expect, it } from 'vitest';
import { CapturedLog } from '../http/captured-log.js';
import { ADAPTERS, startApp } from '../serving-app.js';
import { deferred } from './deferred.js';

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

@Controller()
class Model {
  started = deferred<PredictContext>();

  @ModelEndpoint('/context', undefined, { timeout: 5_000 })
  context(_: object, { requestId, deadline, headers, signal, log }: PredictContext) {
    log.log('log line');
    log.warn('warn line');
    log.error('error line', new Error('the cause'));
    log.debug('debug line');
    return {
      requestId,
      deadline,
      now: Date.now(),
      headers,
      aborted: signal.aborted,
      isSignal: signal instanceof AbortSignal,
    };
  }

  @ModelEndpoint('/hang')
  async hang(_: object, context: PredictContext) {
    this.started.resolve(context);
    await once(context.signal, 'abort');
    return {};
  }
}

describe.each(ADAPTERS)('the context of a call on %s', (adapter) => {
  it('has request id, deadline, headers and a signal', async () => {
    const app = await startApp(adapter, { controllers: [Model] });
    const { body } = await app.post('/context', {}, { 'X-Custom': 'A' });
    expect(body.requestId).toMatch(UUID);
    expect(body.headers['x-custom']).toBe('A');
    expect(body.headers['content-type']).toBe('text/plain;charset=UTF-8');
    expect(body.deadline - body.now).toBeGreaterThan(3_000);
    expect(body.deadline - body.now).toBeLessThanOrEqual(5_001);
    expect(Number.isInteger(body.deadline)).toBe(true);
    expect(body).toMatchObject({ aborted: false, isSignal: true });
  });

  it('writes lines with the request id', async () => {
    const log = new CapturedLog();
    const app = await startApp(adapter, { controllers: [Model], setUp: log.attach });
    await app.post('/context', {}, { 'x-request-id': 'request-7' });
    const lines = log.lines.filter(({ text }) => text.includes('request-7'));
    expect(lines.map(({ level }) => level)).toEqual(['log', 'warn', 'error', 'debug']);
    for (const { text } of lines) expect(text).toContain('Model.context');
    expect(lines[2]?.text).toMatch(/error line.*the cause.*\n\s+at /s);
  });

  it('aborts its signal when the client goes away', async () => {
    const app = await startApp(adapter, { controllers: [Model] });
    const client = new AbortController();
    const model = app.app.get(Model);
    const request = app.app.getUrl().then((url) =>
      fetch(`${url}/hang`, {
        method: 'POST',
        body: '{}',
        headers: { connection: 'close' },
        signal: client.signal,
      }),
    );
    const { signal } = await model.started.promise;
    expect(signal.aborted).toBe(false);
    const aborted = once(signal, 'abort');
    client.abort();
    await expect(request).rejects.toThrow();
    await aborted;
    expect(signal.reason).toMatchObject({ failure: 'Cancelled' });
  });
});
