import { existsSync } from 'node:fs';
import { chromium, type Page } from 'playwright-core';
import { onTestFinished } from 'vitest';

/** Debian's. */
const CHROMIUM = '/usr/bin/chromium';

/** Why nothing can be tried in a browser here; `undefined` where it can. */
export const NO_BROWSER = existsSync(CHROMIUM)
  ? undefined
  : `there is no ${CHROMIUM} (Debian's package chromium)`;

/** A page of a browser of its own, which is closed when the test is over. */
export async function openPage(url: string): Promise<Page> {
  const browser = await chromium.launch({ executablePath: CHROMIUM, args: ['--no-sandbox'] });
  onTestFinished(() => browser.close());
  const page = await browser.newPage();
  await page.goto(url);
  return page;
}
