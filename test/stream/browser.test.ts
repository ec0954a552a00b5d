import { Controller, Get, Header } from '@nestjs/common';
import { ModelEndpoint } from 'nestjs-model-serving';
import { describe, expect, it } from 'vitest';
import { NO_BROWSER, openPage } from '../chromium.js';
import { deferred } from '../endpoint/deferred.js';
import { ADAPTERS, startApp } from '../serving-app.js';
import { eventsOf } from './client.js';

let release = deferred();

@ModelEndpoint('/held', undefined, { stream: true })
class Held {
  async *predict() {
    yield { n: 1 };
    await release.promise;
    yield { n: 2 };
  }
}

@Controller()
class Empty {
  @Get()
  @Header('Content-Type', 'text/html')
  page() {
    return '<!doctype html><p></p>';
  }
}

/** Runs in the browser: reads a stream into the page, as it comes. */
const READ = `(async () => {
  const { body } = await fetch('/held', { method: 'POST', body: '{}' });
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  for (let part; !(part = await reader.read()).done; )
    document.querySelector('p').append(part.value);
})()`;

const reason = NO_BROWSER ? ` (skipped: ${NO_BROWSER})` : '';

describe.skipIf(NO_BROWSER)(`A browser${reason}`, () => {
  it.each(ADAPTERS)('shows each item as it comes, on %s', async (adapter) => {
    release = deferred();
    const app = await startApp(adapter, { controllers: [Held, Empty] });
    const page = await openPage(app.url);
    const text = () => page.textContent('p').then(String);
    const whole = page.evaluate(READ);
    await page.waitForFunction(`document.querySelector('p').textContent.endsWith('\\n\\n')`);
    expect(eventsOf(await text()).map(({ data }) => data)).toEqual(['{"n":1}']);
    release.resolve(undefined);
    await whole;
    expect(eventsOf(await text()).map(({ data }) => data)).toEqual(['{"n":1}', '{"n":2}', '{}']);
    await page.close();
  });
});
