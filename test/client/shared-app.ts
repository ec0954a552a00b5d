import type { INestApplication } from '@nestjs/common';
import { afterAll, beforeAll } from 'vitest';
import { createApp, type AppUnderTest, type Way } from '../serving-app.js';

/** An app that all tests of a block share. */
export function sharedApp(way: Way, parts: AppUnderTest): { readonly url: string } {
  let app: INestApplication;
  let url = '';
  beforeAll(async () => {
    app = await createApp(way, parts);
    await app.listen(0, '127.0.0.1');
    url = await app.getUrl();
  });
  afterAll(() => app.close());
  return {
    get url() {
      return url;
    },
  };
}
