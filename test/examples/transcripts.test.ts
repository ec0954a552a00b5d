import { readFile } from 'node:fs/promises';
import type { INestApplication } from '@nestjs/common';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { AppModule } from '../../examples/transcripts/app.module.js';
import { Summariser } from '../../examples/transcripts/summariser.js';
import { callEndpoint } from '../../src/testing/index.js';
import { NO_BROWSER, openPage } from '../chromium.js';
import { createExample, ADAPTERS } from './example-app.js';

const reason = NO_BROWSER ? ` (skipped: ${NO_BROWSER})` : '';
const ABOUT_RAIN =
  'Rain fell on hills. Hills like the rain. Nobody knew. Rain on hills makes rivers.';
/** Far more than is compared while a test runs. */
const ENDLESS = Array.from({ length: 8_000 }, (_, i) => `All of them share words ${i}.`).join(' ');

describe.each(ADAPTERS)('transcripts on %s', (adapter) => {
  let app: INestApplication;
  let url: string;
  beforeAll(async () => {
    app = await createExample(AppModule, adapter);
    await app.listen(0, '127.0.0.1');
    url = await app.getUrl();
  });
  afterAll(() => app.close());

  it('keeps the sentences that have most in common with others, in their order', async () => {
    const input = { text: ABOUT_RAIN, sentences: 2 };
    const { sentences } = await callEndpoint(app, Summariser, input);
    expect(sentences).toHaveLength(2);
    expect(sentences).not.toContain('Nobody knew.');
    expect(ABOUT_RAIN.indexOf(sentences[0])).toBeLessThan(ABOUT_RAIN.indexOf(sentences[1]));
  });

  it.skipIf(NO_BROWSER)(`shows its page, which its README has${reason}`, async () => {
    const page = await openPage(url);
    await page.fill('textarea', ABOUT_RAIN);
    await page.click('#summarise');
    await page.waitForFunction(`document.querySelectorAll('li').length === 3`);
    expect(await page.textContent('output')).toBe('succeeded');
    await page.fill('textarea', ENDLESS);
    await page.click('#summarise');
    await page.waitForFunction(
      `document.querySelector('output').textContent === 'running' && document.querySelector('progress').value > 0`,
    );
    await page.click('#cancel');
    await page.waitForFunction(`document.querySelector('output').textContent === 'cancelled'`);
    const readme = await readFile('examples/transcripts/README.md', 'utf8');
    const [, shown] = /```html\n([^]*?)```/.exec(readme)!;
    const served = await fetch(url, { headers: { connection: 'close' } });
    expect(await served.text()).toBe(`<!doctype html>\n${shown}`);
    await page.context().browser()!.close();
  });
});
