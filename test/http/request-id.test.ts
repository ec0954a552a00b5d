import { ModelEndpoint, type PredictContext } from 'nestjs-model-serving';
import { describe, expect, it } from 'vitest';
import { WAYS, startApp } from '../serving-app.js';
import { CapturedLog } from './captured-log.js';
import { rawRequest } from './raw-request.js';

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

@ModelEndpoint('/model')
class Model {
  predict({ fail }: { fail?: boolean }, { requestId }: PredictContext) {
    if (fail) throw new Error('failed');
    return { requestId };
  }
}

describe.each(WAYS)('the request id on %s', (adapter) => {
  it.each(['r', 'abc-123', '!"#$%&\'()*+,-./:;<=>?@[\\]^_`{|}~', 'x'.repeat(128)])(
    'is taken from the client: %s',
    async (id) => {
      const log = new CapturedLog();
      const app = await startApp(adapter, { controllers: [Model], setUp: log.attach });
      for (const [body, status] of [
        ['{}', 200],
        ['[', 400],
        ['{"fail":true}', 500],
      ] as const) {
        const answer = await app.post('/model', body, { 'x-request-id': id });
        expect(answer.status).toBe(status);
        expect(answer.headers.get('x-request-id')).toBe(id);
        expect(answer.body.requestId).toBe(id);
      }
      expect(log.errors[0]).toContain(`[${id}]`);
    },
  );

  it.each([
    ['none', []],
    ['an empty one', ['X-Request-Id: ']],
    ['one of 129 characters', [`X-Request-Id: ${'x'.repeat(129)}`]],
    ['one with a space', ['X-Request-Id: a b']],
    ['one with a tab', ['X-Request-Id: a\tb']],
    ['one beyond ASCII', ['X-Request-Id: \u00e4']],
    ['two of them', ['X-Request-Id: a', 'X-Request-Id: b']],
  ])('is made where the client sends %s', async (_, lines) => {
    const app = await startApp(adapter, { controllers: [Model] });
    const head = ['POST /model HTTP/1.1', 'Content-Length: 2', ...lines];
    const first = await rawRequest(app.url, head, '{}');
    const second = await rawRequest(app.url, head, '{}');
    expect(first.status).toBe(200);
    expect(first.headers['x-request-id']).toMatch(UUID);
    expect(first.body.requestId).toBe(first.headers['x-request-id']);
    expect(second.body.requestId).not.toBe(first.body.requestId);
  });
});
