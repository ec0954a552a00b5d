import { describe, expect, it } from 'vitest';
import { ADAPTERS, startApp } from '../serving-app.js';
import { EchoModel } from './model.js';
import { rawRequest } from './raw-request.js';

/** Just under what Node takes of headers in all. */
const LENGTH = 15_000;
const HEADERS = [
  'Cache-Control',
  'X-Request-Id',
  'X-Request-Timeout-Ms',
  'Content-Type',
  'Content-Encoding',
  'Accept',
  'Prefer',
  'Origin',
  'Sec-Fetch-Site',
  'Authorization',
  'Expect',
];
/** What makes expressions for lists, white space, parameters and numbers go back and forth. */
const PATTERNS = [
  ' ',
  ',',
  ' ,',
  '\t',
  ';',
  '; ',
  '=',
  '"',
  '\\"',
  'a',
  '1',
  '-',
  'a/a,',
  'a;q=0.5,',
];

const worst = (pattern: string) => `x${pattern.repeat(LENGTH / pattern.length)}x`;

describe.each(ADAPTERS)('16 KB of a header on %s', (adapter) => {
  it('cost what they cost in a header that nobody reads', { timeout: 60_000 }, async () => {
    const app = await startApp(adapter, { controllers: [EchoModel] });
    async function cost(header: string): Promise<number> {
      const begun = process.cpuUsage();
      for (const pattern of PATTERNS) {
        // Not by `fetch`, which refuses to send an Expect.
        const head = [
          'POST /checked-cached HTTP/1.1',
          'Content-Length: 12',
          `${header}: ${worst(pattern)}`,
        ];
        const { status } = await rawRequest(app.url, head, '{"text":"b"}');
        expect(status, `${header} of ${JSON.stringify(pattern)}`).toBeLessThan(500);
      }
      const { user, system } = process.cpuUsage(begun);
      return user + system;
    }
    await cost('X-Unread');
    const unread = Math.min(await cost('X-Unread'), await cost('X-Unread'));
    for (const header of HEADERS) {
      const costs = [await cost(header), await cost(header)];
      expect(Math.min(...costs) / unread, header).toBeLessThan(5);
    }
  });
});
