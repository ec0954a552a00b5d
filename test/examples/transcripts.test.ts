import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import type { INestApplication } from '@nestjs/common';
import { Redis } from 'ioredis';
import { register } from 'prom-client';
import { afterAll, beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest';
import { AppModule } from '../../examples/transcripts/app.module.js';
import { Summariser } from '../../examples/transcripts/summariser.js';
import { TextRank } from '../../examples/transcripts/text-rank.js';
import { callEndpoint } from '../../src/testing/index.js';
import { NO_BROWSER, openPage } from '../chromium.js';
import { read } from '../docs/pages.js';
import { redisMissing, startRedis } from '../redis-server.js';
import { createExample, ADAPTERS } from './example-app.js';

const reason = NO_BROWSER ? ` (skipped: ${NO_BROWSER})` : '';
const ABOUT_RAIN =
  'Rain fell on hills. Hills like the rain. Nobody knew. Rain on hills makes rivers.';
const [SUBMIT, STATUS, RESULT, DELETE] = read('examples/transcripts/README.md')
  .snippets.filter(({ language }) => language === 'sh')
  .flatMap(({ text }) => text.split('\n'))
  .filter((line) => line.startsWith('curl')) as [string, string, string, string];

async function start(module: typeof AppModule, adapter: (typeof ADAPTERS)[number]) {
  const app = await createExample(module, adapter);
  await app.listen(0, '127.0.0.1');
  return { app, url: await app.getUrl() };
}

/** Runs a command of the README, of the job at `location` where it names one. */
async function run(command: string, url: string, location = ''): Promise<string> {
  const here = command.replace(/\/summary\/jobs\/\w+/, location).replace('localhost:8000', url);
  const { stdout } = await promisify(execFile)('sh', ['-c', here]);
  return stdout;
}

async function submit(url: string): Promise<string> {
  const head = await run(SUBMIT, url);
  expect(head).toContain('202 Accepted');
  return /^location: (\S+)/im.exec(head)![1]!;
}

/** Has the model stand still after its second step, until its call is aborted; resolves when that has ended it. */
function holdUntilAborted(model: TextRank): Promise<unknown> {
  const stream = model.stream.bind(model);
  return new Promise((resolve) => {
    const held = vi.spyOn(model, 'stream').mockImplementation(async function* (text, options) {
      let steps = 0;
      try {
        for await (const step of stream(text, options)) {
          yield step;
          if (++steps === 2) await once(options!.signal!, 'abort');
        }
      } catch (error) {
        resolve(error);
        throw error;
      }
    });
    onTestFinished(() => held.mockRestore());
  });
}

describe.each(ADAPTERS)('transcripts on %s', (adapter) => {
  let app: INestApplication;
  let url: string;
  beforeAll(async () => {
    ({ app, url } = await start(AppModule, adapter));
  });
  afterAll(() => app.close());

  it('keeps the sentences that have most in common with others, in their order', async () => {
    const input = { text: ABOUT_RAIN, sentences: 2 };
    const { sentences } = await callEndpoint(app, Summariser, input);
    expect(sentences).toHaveLength(2);
    expect(sentences).not.toContain('Nobody knew.');
    expect(ABOUT_RAIN.indexOf(sentences[0])).toBeLessThan(ABOUT_RAIN.indexOf(sentences[1]));
    expect(await callEndpoint(app, Summariser, {})).toEqual({ sentences: [] });
  });

  it('obeys the commands of its README', async () => {
    const location = await submit(url);
    expect(JSON.parse(await run(STATUS, url, location))).toMatchObject({ state: 'succeeded' });
    expect(JSON.parse(await run(RESULT, url, location)).sentences).toHaveLength(3);
    await run(DELETE, url, location);
    expect(JSON.parse(await run(STATUS, url, location))).toMatchObject({ code: 'NOT_FOUND' });
  });

  it.skipIf(NO_BROWSER)(`shows its page, which its README has${reason}`, async () => {
    const page = await openPage(url);
    const shows = (state: string) =>
      page.waitForFunction(`document.querySelector('output').value.startsWith('${state}')`);
    await page.fill('textarea', ABOUT_RAIN);
    await page.click('#summarise');
    await page.waitForFunction(`document.querySelectorAll('li').length === 3`);
    await shows('succeeded');

    const ended = holdUntilAborted(app.get(TextRank));
    await page.click('#summarise');
    await shows('running');
    await page.waitForFunction(`document.querySelector('progress').value === 0.4`);
    await page.click('#cancel');
    await shows('cancelled');
    expect(await ended).toMatchObject({ message: 'The job was cancelled' });

    await page.fill('textarea', 'x'.repeat(2 ** 20));
    await page.click('#summarise');
    await shows('Expected the body of a job to have at most');
    const readme = await readFile('examples/transcripts/README.md', 'utf8');
    const [, shown] = /```html\n([^]*?)```/.exec(readme)!;
    const served = await fetch(url, { headers: { connection: 'close' } });
    expect(await served.text()).toBe(`<!doctype html>\n${shown}`);
    await page.context().browser()!.close();
  });
});

it.skipIf(redisMissing)('keeps its jobs in the Redis that REDIS_URL names', async () => {
  const redis = await startRedis();
  onTestFinished(() => redis.stop());
  vi.stubEnv('REDIS_URL', redis.url);
  onTestFinished(() => void vi.unstubAllEnvs());
  // The example asks for it as it is loaded.
  vi.resetModules();
  register.clear();
  const { AppModule: WithRedis } = await import('../../examples/transcripts/app.module.js');
  const { app, url } = await start(WithRedis, 'express');
  const client = new Redis(redis.url);
  const location = await submit(url);
  expect(JSON.parse(await run(STATUS, url, location))).toMatchObject({ state: 'succeeded' });
  const [id] = /\w+$/.exec(location)!;
  expect(await client.keys(`*${id}`)).toHaveLength(1);
  client.disconnect();
  await app.close();
});
