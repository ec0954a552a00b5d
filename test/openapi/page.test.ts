import { VersioningType } from '@nestjs/common';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import type { Page } from 'playwright-core';
import { once } from 'node:events';
import { Agent, get, type IncomingMessage } from 'node:http';
import { connect, type IncomingHttpHeaders } from 'node:http2';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { describe, expect, it, onTestFinished } from 'vitest';
import { NO_BROWSER, openPage } from '../chromium.js';
import { CapturedLog } from '../http/captured-log.js';
import { ADAPTERS } from '../serving-app.js';
import { addHelmet, serveApp, startServed, Streams } from './documented-app.js';

const CIRCLE = fileURLToPath(new URL('../../examples/picture/circle.png', import.meta.url));

const reason = NO_BROWSER ? ` (skipped: ${NO_BROWSER})` : '';

/** Swagger UI with what goes wrong in it. */
async function openDocs(url: string): Promise<{ page: Page; complaints: string[] }> {
  const page = await openPage('about:blank');
  const complaints: string[] = [];
  page.on('console', (message) => complaints.push(message.text()));
  page.on('pageerror', (error) => complaints.push(error.message));
  page.on('requestfailed', (request) => {
    const reason = request.failure()?.errorText;
    if (reason !== 'net::ERR_ABORTED') complaints.push(`${request.url()} failed: ${reason}`);
  });
  page.on('request', (request) => {
    if (!request.url().startsWith(url)) complaints.push(`${request.url()} is elsewhere`);
  });
  page.on('response', (response) => {
    if (!response.ok()) complaints.push(`${response.url()} is ${response.status()}`);
  });
  await page.goto(`${url}/docs`);
  return { page, complaints };
}

/** Opens an operation for "Try it out". */
async function tryOut(page: Page, path: string) {
  const operation = page.locator('.opblock', { has: page.locator(`[data-path="${path}"]`) });
  await operation.locator('.opblock-summary-control').click();
  await operation.getByRole('button', { name: 'Try it out' }).click();
  const answer = operation.locator('.live-responses-table .response');
  return {
    operation,
    execute: () => operation.getByRole('button', { name: 'Execute' }).click(),
    clear: () => operation.getByRole('button', { name: 'Clear' }).click(),
    answer: () => answer.innerText(),
    isAnswered: () => answer.isVisible(),
  };
}

describe.skipIf(NO_BROWSER)(`In a browser, with helmet's policy${reason}`, () => {
  it.each(ADAPTERS)('a page shows what endpoints answer on %s', async (adapter) => {
    const url = await serveApp(adapter, { docs: '/docs', configure: addHelmet });
    const { page, complaints } = await openDocs(url);

    const greet = await tryOut(page, '/greet');
    await greet.operation.locator('textarea').fill('{"name": "Zoë"}');
    await greet.execute();
    await expect.poll(greet.answer).toContain('"greeting": "Good morning, Zoë"');

    const picture = await tryOut(page, '/');
    await picture.operation.locator('input[type=file]').first().setInputFiles(CIRCLE);
    await picture.execute();
    await expect.poll(picture.answer).toContain('"shape": "CIRCLE"');

    expect(await page.title()).toBe('nestjs-model-serving');
    expect(complaints).toEqual([]);
  });

  it.each(ADAPTERS)('a page shows the items of a stream as they come on %s', async (adapter) => {
    const streams = new Streams();
    const url = await serveApp(adapter, { docs: '/docs', configure: addHelmet }, streams);
    const { page, complaints } = await openDocs(url);

    const few = await tryOut(page, '/few');
    await few.execute();
    await expect.poll(few.answer).toContain('data: {"n":3}');
    expect(await few.answer()).toContain('text/event-stream');
    expect(streams.finallyRan).toBe(0);
    // Whoever asks again, or clears the answer, leaves the stream.
    await few.execute();
    await streams.until(({ finallyRan }) => finallyRan === 1);
    await streams.until(({ asked }) => asked === 8);
    await few.clear();
    await streams.until(({ finallyRan }) => finallyRan === 2);
    await expect.poll(few.isAnswered).toBe(false);

    const endless = await tryOut(page, '/endless');
    const forms = endless.operation.locator('.response-control-media-type select');
    await forms.first().selectOption('application/x-ndjson');
    await endless.execute();
    await expect.poll(endless.answer).toContain('the first 100 items');
    expect(await endless.answer()).toMatch(/Download\n\{"n":1\}\n/);
    expect((await endless.answer()).match(/^\{"n":\d+\}$/gm)).toHaveLength(100);
    await streams.until(({ finallyRan }) => finallyRan === 3);
    expect(complaints).toEqual([]);
  });
});

/** A connection that stays open would keep the app from closing for as long as a drain is patient. */
function ask(url: string, init: RequestInit = {}): Promise<Response> {
  return fetch(url, { ...init, headers: { connection: 'close' } });
}

describe.each(ADAPTERS)('A page on %s', (adapter) => {
  it('leaves the direct lane open', async () => {
    const log = new CapturedLog();
    await serveApp(adapter, { docs: '/docs', configure: log.attach });
    const ways = log.lines.filter(({ text }) => text.endsWith('DirectLane'));
    expect(ways).toHaveLength(4);
    for (const { text } of ways) expect(text).toContain('takes the direct lane');
  });

  it('is outside the prefix and the versions that its document shows', async () => {
    const url = await serveApp(adapter, {
      docs: '/about/docs',
      configure(app) {
        app.setGlobalPrefix('api');
        app.enableVersioning({ type: VersioningType.URI, defaultVersion: '1' });
      },
    });
    for (const path of ['', '/', '/docs/swagger-ui.css', '/swagger-ui-bundle.js']) {
      expect((await ask(`${url}/about/docs${path}`)).status).toBe(200);
    }
    const document = await (await ask(`${url}/about/docs-json`)).json();
    expect(document).toHaveProperty(['paths', '/api/v1/greet']);
    const { status } = await ask(`${url}/api/v1/greet`, { method: 'POST', body: '{}' });
    expect(status).toBe(200);
  });

  it('has the title that it is given', async () => {
    const document = { openapi: '3.0.0', info: { title: 'Greetings & more', version: '7' } };
    const url = await serveApp(adapter, { docs: { path: '/docs', document } });
    expect(await (await ask(`${url}/docs`)).text()).toContain('<title>Greetings & more</title>');
    const served = await (await ask(`${url}/docs-json`)).json();
    expect(served).toMatchObject(document);
  });

  it.each(['/greet', '/files/page'])('refuses the path of something else (%s)', async (path) => {
    await expect(serveApp(adapter, { docs: path })).rejects.toThrow(path);
  });

  it('does not hold the end of the app back while a browser keeps its connection', async () => {
    const { app, url } = await startServed(adapter, { docs: '/docs' });
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    onTestFinished(() => agent.destroy());
    const [page] = (await once(get(`${url}/docs`, { agent }), 'response')) as [IncomingMessage];
    expect(page.headers.connection).not.toBe('close');
    expect(await text(page)).toContain('<title>');
    await app.close();
  });

  it('is none by default', async () => {
    const url = await serveApp(adapter, {});
    expect((await ask(`${url}/docs`)).status).toBe(404);
  });
});

it('A page is served over HTTP/2 as well', async () => {
  const adapter = new FastifyAdapter({ http2: true });
  const session = connect(await serveApp(adapter, { docs: '/docs' }));
  onTestFinished(() => session.destroy());
  for (const path of ['/docs', '/docs/swagger-ui-init.js', '/docs/swagger-ui.css', '/docs-json']) {
    const stream = session.request({ ':path': path });
    const [head] = (await once(stream, 'response')) as [IncomingHttpHeaders];
    expect([path, head[':status']]).toEqual([path, 200]);
    await text(stream);
  }
});
