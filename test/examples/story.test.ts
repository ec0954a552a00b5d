import { readFile } from 'node:fs/promises';
import type { INestApplication } from '@nestjs/common';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { AppModule } from '../../examples/story/app.module.js';
import { StoryTeller } from '../../examples/story/story-teller.js';
import { callEndpoint } from '../../src/testing/index.js';
import { NO_BROWSER, openPage } from '../chromium.js';
import { eventsOf } from '../stream/client.js';
import { createExample, ADAPTERS } from './example-app.js';

const reason = NO_BROWSER ? ` (skipped: ${NO_BROWSER})` : '';

describe.each(ADAPTERS)('story on %s', (adapter) => {
  let app: INestApplication;
  let url: string;
  beforeAll(async () => {
    app = await createExample(AppModule, adapter);
    await app.listen(0, '127.0.0.1');
    url = await app.getUrl();
  });
  afterAll(() => app.close());

  it('says word after word, each of which its text has after the last', async () => {
    const story: { word: string }[] = await callEndpoint(app, StoryTeller, { words: 12 });
    const text = (await readFile('docs/architecture.md', 'utf8')).replaceAll(/[*`]/g, '');
    expect(story).toHaveLength(12);
    for (const [i, { word }] of story.slice(1).entries()) {
      const pair = `${story[i]!.word} ${word}`;
      // A sentence that has ended is followed by another's first word.
      if (!text.includes(pair)) expect(story[i]!.word).toMatch(/[.:]$/);
    }
  });

  it('begins where the prompt ends', async () => {
    const init = { method: 'POST', body: '{"prompt": "what the", "words": 1}' };
    const answer = await fetch(`${url}/story`, { ...init, headers: { connection: 'close' } });
    const events = eventsOf(await answer.text());
    const text = (await readFile('docs/architecture.md', 'utf8')).replaceAll(/[*`]/g, '');
    expect(text).toContain(`the ${JSON.parse(events[0]!.data).word}`);
    expect(events.at(-1)).toMatchObject({ event: 'end' });
  });

  it.skipIf(NO_BROWSER)(`shows its page, which its README has${reason}`, async () => {
    const page = await openPage(url);
    await page.click('button');
    await page.waitForFunction(`document.querySelector('p').textContent.split(' ').length > 30`);
    const readme = await readFile('examples/story/README.md', 'utf8');
    const [, shown] = /```html\n([^]*?)```/.exec(readme)!;
    const served = await fetch(url, { headers: { connection: 'close' } });
    expect(await served.text()).toBe(`<!doctype html>\n${shown}`);
    await page.context().browser()!.close();
  });
});
