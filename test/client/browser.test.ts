import { Controller, Get, Header } from '@nestjs/common';
import { ModelEndpoint, type PredictContext } from 'nestjs-model-serving';
import type { Page } from 'playwright-core';
import { beforeEach, describe, expect, it } from 'vitest';
import { NO_BROWSER, openPage } from '../chromium.js';
import { freePort } from '../redis-server.js';
import { ADAPTERS, startApp } from '../serving-app.js';
import { StreamModel } from '../stream/stream-model.js';
import { bundle } from './bundle.js';
import { EchoModel } from './echo-model.js';

let model: StreamModel;
beforeEach(() => {
  model = new StreamModel();
});

@ModelEndpoint('/held', undefined, { stream: true })
class Held {
  predict(_: object, context: PredictContext) {
    return model.stream(context, async function* () {
      yield 1;
      await new Promise((resolve) => context.signal.addEventListener('abort', resolve));
    });
  }
}

@Controller()
class Files {
  @Get()
  @Header('Content-Type', 'text/html')
  page() {
    return '<!doctype html><p></p>';
  }

  @Get('client.js')
  @Header('Content-Type', 'text/javascript')
  async client() {
    return (await bundle()).code;
  }
}

/** Runs in a page, which has the client: what a function body gives, or `{ code, … }` of its failure. */
function inPage(page: Page, body: string): Promise<any> {
  return page.evaluate(`(async () => {
    const { createClient, ServingClientError } = await import('/client.js');
    try {
      ${body}
    } catch (error) {
      if (!(error instanceof ServingClientError)) throw error;
      const { code, status, requestId, retryable, details } = error;
      return { code, status, requestId, retryable, details };
    }
  })()`);
}

const reason = NO_BROWSER ? ` (skipped: ${NO_BROWSER})` : '';

describe.skipIf(NO_BROWSER)(`In a browser${reason}`, () => {
  it.each(ADAPTERS)('the client calls and reads streams on %s', async (adapter) => {
    const app = await startApp(adapter, { controllers: [EchoModel, Held, Files] });
    const page = await openPage(app.url);

    const answer = await inPage(
      page,
      `const input = { text: 'Zoë', id: 2n ** 60n, image: new Uint8Array([255]), weights: new Float32Array([0.5]) };
      return await createClient('').call('/echo', input, { timeout: 60000 });`,
    );
    const request = { text: 'Zoë', id: '1152921504606846976', image: '/w==', weights: [0.5] };
    expect(answer.request).toEqual(request);

    const refused = await inPage(
      page,
      `return await createClient('/').call('/echo', { mode: 'SLOW' });`,
    );
    expect(refused).toMatchObject({
      code: 'INVALID_ARGUMENT',
      status: 400,
      details: [{ path: '$.mode' }],
      requestId: expect.any(String),
    });

    const read = `const items = [];
      for await (const { n } of createClient('').stream('/count', { to: 100 })) items.push(n);
      return items;`;
    expect(await inPage(page, read)).toHaveLength(100);

    const leave = `for await (const item of createClient('').stream('/held', {})) return item;`;
    expect(await inPage(page, leave)).toBe(1);
    await model.until(({ finallyRan }) => finallyRan === 1);

    const abort = `const leaving = new AbortController();
      const items = createClient('').stream('/held', {}, { signal: leaving.signal });
      await items.next();
      leaving.abort();
      return await items.next();`;
    expect(await inPage(page, abort)).toMatchObject({ code: 'CANCELLED' });
    await model.until(({ finallyRan }) => finallyRan === 2);
    await page.close();
  });

  it('the client calls a foreign origin that allows it, and tells what it cannot reach', async () => {
    const foreign = await startApp('express', {
      controllers: [EchoModel],
      setUp: (app) => app.enableCors(),
    });
    const app = await startApp('express', { controllers: [Files] });
    const page = await openPage(app.url);
    const call = (url: string, options = '{}') =>
      inPage(
        page,
        `let tries = 0;
        const count = (url, init) => (tries++, fetch(url, init));
        const client = createClient(${JSON.stringify(url)}, { fetch: count, retry: { minDelay: 1 } });
        const answer = await client.call('/fail', { text: 'no' }, ${options}).catch((error) => error);
        return { tries, code: answer.code, retryable: answer.retryable };`,
      );
    expect(await call(foreign.url, '{ timeout: 60000 }')).toMatchObject({
      tries: 1,
      code: 'INVALID_ARGUMENT',
    });
    const nobody = `http://127.0.0.1:${await freePort()}`;
    expect(await call(nobody)).toEqual({ tries: 1, code: 'UNAVAILABLE', retryable: false });
    expect(await call(nobody, '{ idempotent: true }')).toMatchObject({ tries: 4 });
    await page.close();
  });
});
