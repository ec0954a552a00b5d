import { randomBytes } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import { ModelEndpoint, type PredictContext } from 'nestjs-model-serving';
import { describe, expect, it } from 'vitest';
import { levelsAre } from '../execution-http/levels.js';
import { WAYS, startApp } from '../serving-app.js';
import { stopClock } from '../stopped-clock.js';
import { openSocket, readAnswer } from './raw-request.js';

@ModelEndpoint('/model', undefined, { timeout: 400_000 })
class Model {
  calls = 0;
  predict(_: object, { deadline }: PredictContext) {
    this.calls++;
    return { left: deadline - performance.timeOrigin - performance.now() };
  }
}

@ModelEndpoint('/small', undefined, { bodyLimit: 500 })
class Small {
  predict(input: object) {
    return input;
  }
}

const head = (...lines: string[]) => headOf('/model', ...lines);
const headOf = (path: string, ...lines: string[]) =>
  [`POST ${path} HTTP/1.1`, 'Host: localhost', ...lines, '', ''].join('\r\n');

describe.each(WAYS)('an upload on %s', (adapter) => {
  it.each([
    ['stalls', 'Content-Length: 100'],
    ['never begins', 'Content-Length: 100'],
    ['drips', 'Transfer-Encoding: chunked'],
    ['stalls in its compressed form', 'Content-Length: 100\r\nContent-Encoding: gzip'],
  ])('that %s is a 504 when its deadline passes', async (how, length) => {
    const app = await startApp(adapter, { controllers: [Model] });
    const clock = stopClock();
    const socket = await openSocket(app.url);
    const answer = readAnswer(socket);
    socket.write(head(length, 'X-Request-Timeout-Ms: 1000', 'Connection: close'));
    if (how === 'stalls') socket.write('{"a":');
    if (how === 'drips') socket.write('5\r\n{"a":\r\n');
    await levelsAre(app, { in_flight: 1 });
    clock.advance(1000);
    expect(await answer).toMatchObject({ status: 504, body: { code: 'DEADLINE_EXCEEDED' } });
    await levelsAre(app, { in_flight: 0 });
    expect(app.app.get(Model).calls).toBe(0);
    socket.destroy();
  });

  it('takes its time from what the handler has', async () => {
    const app = await startApp(adapter, { controllers: [Model] });
    const clock = stopClock();
    const socket = await openSocket(app.url);
    const answer = readAnswer(socket);
    socket.write(head('Content-Length: 2', 'Connection: close'));
    await levelsAre(app, { in_flight: 1 });
    clock.advance(300_000);
    socket.write('{}');
    const { status, body } = await answer;
    expect(status).toBe(200);
    expect(body.left).toBeCloseTo(100_000, -1);
  });

  it('may take as long as its endpoint: Node does not cut it', async () => {
    const { app } = await startApp(adapter, { controllers: [Model] });
    // Fastify has turned Node's limit off.
    const longest = adapter.startsWith('express') ? 400_000 : 0;
    expect(app.getHttpServer().requestTimeout).toBe(longest);
  });

  it('has no place beside others that hold maxUploadBytes', async () => {
    const app = await startApp(adapter, {
      controllers: [Model],
      options: { maxUploadBytes: 1_000 },
    });
    const slow = await openSocket(app.url);
    slow.write(head('Content-Length: 800', 'Connection: close'));
    await levelsAre(app, { in_flight: 1 });
    const body = `{"a":"${'x'.repeat(300)}"}`;
    for (let i = 0; i < 2; i++) {
      const refused = await app.post('/model', body);
      expect(refused).toMatchObject({ status: 429, body: { code: 'RESOURCE_EXHAUSTED' } });
      expect(refused.headers.get('retry-after')).toBe('1');
    }
    expect((await app.post('/model', '{}')).status).toBe(200);

    const chunked = await openSocket(app.url);
    const refused = readAnswer(chunked);
    chunked.write(head('Transfer-Encoding: chunked', 'Connection: close'));
    chunked.write(`${body.length.toString(16)}\r\n${body}\r\n0\r\n\r\n`);
    expect((await refused).status).toBe(429);

    slow.destroy();
    await levelsAre(app, { in_flight: 0 });
    expect((await app.post('/model', body)).status).toBe(200);
  });

  it('that is compressed takes the place of what may come out of it', async () => {
    const app = await startApp(adapter, {
      controllers: [Small],
      options: { maxUploadBytes: 1_000 },
    });
    const socket = await openSocket(app.url);
    const answer = readAnswer(socket);
    const body = gzipSync(`{"text":"${randomBytes(1_200).toString('base64')}"}`);
    socket.write(
      headOf(
        '/small',
        `Content-Length: ${body.length}`,
        'Content-Encoding: gzip',
        'Connection: close',
      ),
    );
    socket.write(body);
    expect((await answer).status).toBe(413);
  });
});

it.each([0, -1, 1.5, NaN, '1'])('maxUploadBytes of %o is refused at boot', async (value) => {
  const options = { maxUploadBytes: value as number };
  await expect(startApp('express', { options })).rejects.toThrow(
    /ModelServingModule: expected maxUploadBytes to be a whole number of bytes, got /,
  );
});
