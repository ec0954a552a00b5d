import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { INestApplication } from '@nestjs/common';
import { AppModule } from '../../examples/picture/app.module.js';
import { NAMES, asPng, drawings } from '../../examples/picture/train.mjs';
import { read, ROOT } from '../docs/pages.js';
import { ADAPTERS, createExample } from './example-app.js';

const { snippets } = read('examples/picture/README.md');
const COMMANDS = snippets
  .filter(({ language }) => language === 'sh')
  .flatMap(({ text }) => text.split('\n'))
  .filter((line) => line.includes('curl'));
const SHOWN = JSON.parse(snippets.find(({ language }) => language === 'json')!.text) as {
  shape: string;
  probability: number;
};

describe.each(ADAPTERS)('picture on %s', (adapter) => {
  let app: INestApplication;
  let url: string;
  beforeAll(async () => {
    app = await createExample(AppModule, adapter);
    await app.listen(0, '127.0.0.1');
    url = await app.getUrl();
  });
  afterAll(() => app.close());

  test('answers the four commands of its README alike', async () => {
    expect(COMMANDS).toHaveLength(4);
    const answers = new Set<string>();
    for (const command of COMMANDS) {
      const run = command.replace('localhost:8000', `-s ${url}`);
      const { stdout } = await promisify(execFile)('sh', ['-c', run], { cwd: ROOT });
      answers.add(stdout);
    }
    expect(answers.size).toBe(1);
    const [answer] = answers;
    expect(JSON.parse(answer!)).toEqual({
      shape: SHOWN.shape,
      probability: expect.closeTo(SHOWN.probability, 3),
    });
  });

  test('knows drawings of all three shapes, inverted ones too', async () => {
    for (const { pixels, label } of (drawings() as { pixels: number[]; label: number }[]).slice(
      0,
      9,
    )) {
      for (const inverted of [false, true]) {
        const drawn = inverted ? pixels.map((pixel) => 1 - pixel) : pixels;
        const response = await fetch(`${url}/?inverted=${inverted}`, {
          method: 'POST',
          headers: { 'content-type': 'image/png', connection: 'close' },
          body: (await asPng(drawn)) as Uint8Array<ArrayBuffer>,
        });
        expect(await response.json()).toMatchObject({ shape: (NAMES as string[])[label] });
      }
    }
  });

  test('refuses what is no picture', async () => {
    const headers = { 'content-type': 'image/png', connection: 'close' };
    const response = await fetch(url, { method: 'POST', headers, body: 'no picture' });
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({
      error: expect.stringContaining('The image cannot be decoded'),
    });
  });
});
