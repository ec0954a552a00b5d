import { once } from 'node:events';
import { request as httpRequest } from 'node:http';
import { pipeline } from 'node:stream/promises';
import { setImmediate } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { readMultipart } from '../../src/http/multipart.js';
import { startApp, WAYS, type RunningApp } from '../serving-app.js';
import { PictureModels } from './picture-model.js';

const PICTURE = Buffer.from('89504e470d0a1a0a00ff', 'hex');
const IMAGE = PICTURE.toString('base64');

type Part = [name: string, content: string | Uint8Array, more?: { head?: string; type?: string }];

/** A form as bytes, by hand. */
function multipart(parts: readonly Part[], end = '--x--\r\n'): Buffer {
  const pieces = parts.flatMap(([name, content, { head = '', type } = {}]) => [
    `--x\r\nContent-Disposition: form-data; name="${name}"${head}\r\n`,
    type === undefined ? '' : `Content-Type: ${type}\r\n`,
    '\r\n',
    content,
    '\r\n',
  ]);
  return Buffer.concat([...pieces, end].map((piece) => Buffer.from(piece as string)));
}

const FORM = { 'content-type': 'multipart/form-data; boundary=x' };
const ENCODED = { 'content-type': 'application/x-www-form-urlencoded' };

const start = (way: (typeof WAYS)[number]) => startApp(way, { controllers: [PictureModels] });
const send = (app: RunningApp, parts: readonly Part[], path = '/picture') =>
  app.post(path, multipart(parts), FORM);

/** One part, and what the handler is given for it. */
const READ: [parts: Part[], request: object][] = [
  [[['image', PICTURE, { head: '; filename="cat.png"', type: 'image/png' }]], { image: IMAGE }],
  [[['image', PICTURE]], { image: IMAGE }],
  [[['image', '']], { image: '' }],
  [[['image', 'aGk=']], { image: Buffer.from('aGk=').toString('base64') }],
  [[['label', 'é\r\n--y', { head: '; filename="a.txt"' }]], { label: 'é\r\n--y' }],
  [[['label', '5']], { label: '5' }],
  [[['score', '-1.5e3']], { score: -1500 }],
  [[['score', 'NaN']], { score: 'NaN' }],
  [[['big', '9007199254740993']], { big: '9007199254740993' }],
  [[['flag', 'true']], { flag: true }],
  [[['flag', 'false']], { flag: false }],
  [[['mode', 'EXACT']], { mode: 'EXACT' }],
  [[['mode', '1']], { mode: 'EXACT' }],
  [
    [
      ['weights', '1'],
      ['weights', '2.5'],
    ],
    { weights: [1, 2.5] },
  ],
  [[['weights[]', '1']], { weights: [1] }],
  [
    [
      ['tags[]', 'a'],
      ['tags', 'b'],
    ],
    { tags: ['a', 'b'] },
  ],
  [
    [
      ['chunks', PICTURE],
      ['chunks', 'x', { head: '; filename=x' }],
    ],
    { chunks: [IMAGE, 'eA=='] },
  ],
  [[['inner', '{"deep":"a"}']], { inner: { deep: 'a' } }],
  [[['inner.deep', 'a']], { inner: { deep: 'a' } }],
  [
    [
      ['inner.inner.deep', 'a'],
      ['inner.sizes', '1'],
      ['inner.sizes[]', '2'],
    ],
    { inner: { inner: { deep: 'a' }, sizes: [1, 2] } },
  ],
  [
    [
      ['inners', '{"deep":"a"}'],
      ['inners', '{}'],
    ],
    { inners: [{ deep: 'a' }, {}] },
  ],
  [[['counts', '{"a":1}']], { counts: { a: 1 } }],
  [[['at', '2026-01-02T03:04:05Z']], { at: '2026-01-02T03:04:05Z' }],
  [[['maybe', 'true']], { maybe: true }],
  [[['anything', '[1,{"a":null}]']], { anything: [1, { a: null }] }],
  [[['snakeCase', '7']], { snakeCase: 7 }],
  [[['snake_case', '7']], { snakeCase: 7 }],
  [[], {}],
];

/** Where a violation is. */
const VIOLATED: [parts: Part[], path: string][] = [
  [[['score', 'many']], '$.score'],
  [[['score', '']], '$.score'],
  [[['flag', 'perhaps']], '$.flag'],
  [[['mode', 'SLOW']], '$.mode'],
  [[['big', '1.5']], '$.big'],
  [[['unknown', 'a']], '$.unknown'],
  [[['inner.unknown', 'a']], '$.inner.unknown'],
  [[['inners.deep', 'a']], '$["inners.deep"]'],
  [[['label[]', 'a']], '$["label[]"]'],
  [[['label.x', 'a']], '$["label.x"]'],
  [[['', 'a']], '$[""]'],
  [[['__proto__', 'a']], '$.__proto__'],
  [[['inner.__proto__', 'a']], '$.inner.__proto__'],
  [[['inner.__proto__.deep', 'a']], '$.inner["__proto__.deep"]'],
  [[['constructor', 'a']], '$.constructor'],
  [[['counts', '{"__proto__":1}']], '$.counts.__proto__'],
  [[['anything', '{"__proto__":{}}']], '$.anything.__proto__'],
  [[['label', PICTURE]], '$.label'],
  [[['inner', '{"deep":']], '$.inner'],
  [[['inner', PICTURE]], '$.inner'],
  [[['inner', '{"deep":1}']], '$.inner.deep'],
  [[['inner', '{"deep":"a","deep":"b"}']], '$.inner.deep'],
  [[['inner', '{"id":9007199254740993}']], '$.inner.id'],
  [
    [
      ['label', 'a'],
      ['label', 'a'],
    ],
    '$.label',
  ],
  [
    [
      ['snake_case', '1'],
      ['snakeCase', '1'],
    ],
    '$.snakeCase',
  ],
  [
    [
      ['inner', '{}'],
      ['inner.deep', 'a'],
    ],
    '$.inner',
  ],
  [
    [
      ['inner.deep', 'a'],
      ['inner', '{}'],
    ],
    '$.inner',
  ],
  [
    [
      ['weights', '1'],
      ['weights', 'x'],
    ],
    '$.weights[1]',
  ],
];

const MALFORMED: [what: string, type: string, body: string | Buffer][] = [
  ['no boundary', 'multipart/form-data', multipart([['label', 'a']])],
  ['an empty boundary', 'multipart/form-data; boundary=', multipart([['label', 'a']])],
  ['two boundaries', 'multipart/form-data; boundary=x; boundary=y', multipart([['label', 'a']])],
  ['a long boundary', `multipart/form-data; boundary=${'x'.repeat(71)}`, 'a'],
  ['another boundary', 'multipart/form-data; boundary=y', multipart([['label', 'a']])],
  ['no end', FORM['content-type'], multipart([['label', 'a']], '')],
  ['half an end', FORM['content-type'], multipart([['label', 'a']], '--x')],
  ['a cut part', FORM['content-type'], multipart([['label', 'a']]).subarray(0, 55)],
  ['a cut head', FORM['content-type'], multipart([['label', 'a']]).subarray(0, 20)],
  ['no disposition', FORM['content-type'], '--x\r\nX: y\r\n\r\na\r\n--x--\r\n'],
  ['no head', FORM['content-type'], '--x\r\n\r\na\r\n--x--\r\n'],
  [
    'a head without end',
    FORM['content-type'],
    '--x\r\nContent-Disposition: form-data\r\n--x--\r\n',
  ],
  ['no name', FORM['content-type'], '--x\r\nContent-Disposition: form-data\r\n\r\na\r\n--x--\r\n'],
  [
    'an attachment',
    FORM['content-type'],
    '--x\r\nContent-Disposition: attachment; name="label"\r\n\r\na\r\n--x--\r\n',
  ],
  [
    'a name in no UTF-8',
    FORM['content-type'],
    Buffer.from(
      '--x\r\nContent-Disposition: form-data; name="\xff"\r\n\r\na\r\n--x--\r\n',
      'latin1',
    ),
  ],
  [
    'a form in a form',
    FORM['content-type'],
    multipart([['label', '--y\r\n\r\na\r\n--y--', { type: 'multipart/mixed; boundary=y' }]]),
  ],
  [
    'encoded parts',
    FORM['content-type'],
    '--x\r\nContent-Disposition: form-data; name="label"\r\nContent-Transfer-Encoding: base64\r\n\r\nYQ==\r\n--x--\r\n',
  ],
];

const many = (count: number): Part[] => Array.from({ length: count }, () => ['tags', 'a']);

const EXCESSIVE: [what: string, body: Buffer][] = [
  ['10,000 parts', multipart(many(10_000))],
  ['parts of nothing', Buffer.from(`${'--x\r\n'.repeat(500_000)}--x--\r\n`)],
  [
    '1 MB of heads',
    multipart([['label', 'a', { type: `text/plain\r\nX-Long: ${'a'.repeat(1024 * 1024)}` }]]),
  ],
  ['1 MB that is no head', Buffer.from(`--x\r\n${'a'.repeat(1024 * 1024)}\r\n\r\n\r\n--x--\r\n`)],
  ['a name of 100 KB', multipart([['a'.repeat(100 * 1024), 'a']])],
  [
    'a file name of 100 KB',
    multipart([['image', 'a', { head: `; filename="${'a'.repeat(102_400)}"` }]]),
  ],
  ['more than the limit', multipart([['image', Buffer.alloc(5 * 1024 * 1024)]])],
];

it('a form of parts holds its bytes once more, and no others', async () => {
  const body = multipart([...many(500), ['image', Buffer.alloc(1024 * 1024)], ...many(400)]);
  const parts = await readMultipart(FORM['content-type'], body);
  const memory = new Set(parts.map(({ content }) => content.buffer));
  const held = [...memory].reduce((sum, { byteLength }) => sum + byteLength, 0);
  expect(parts).toHaveLength(901);
  expect(held).toBeLessThan(2 * body.length + 64 * 1024);
});

describe.each(WAYS)('a form of parts on %s', (way) => {
  it('is read as the types of the fields say', async () => {
    const app = await start(way);
    for (const [parts, request] of READ) {
      const { status, body } = await send(app, parts);
      expect({ status, body }, JSON.stringify(parts)).toMatchObject({ status: 200 });
      expect(body.request).toEqual(request);
      expect(body.kinds.every((kind: string) => kind === 'Buffer')).toBe(true);
    }
  });

  it('is checked as JSON is, with the paths of its fields', async () => {
    const app = await start(way);
    for (const [parts, path] of VIOLATED) {
      const { status, body } = await send(app, parts);
      expect({ status, path: body.details?.[0].path }, JSON.stringify(parts)).toEqual({
        status: 400,
        path,
      });
    }
  });

  it('is refused where it is none, or not a whole one', async () => {
    const app = await start(way);
    for (const [what, type, body] of MALFORMED) {
      const answer = await app.post('/picture', Buffer.from(body), { 'content-type': type });
      expect(answer, what).toMatchObject({ status: 400, body: { code: 'INVALID_ARGUMENT' } });
    }
  });

  it('is refused beyond its bounds', async () => {
    const app = await start(way);
    for (const [what, body] of EXCESSIVE) {
      const { status } = await app.post('/picture', body, FORM);
      expect([400, 413], what).toContain(status);
    }
    expect((await send(app, many(1_000))).status).toBe(200);
  });

  it('is read no further than its limit, however long it goes on', async () => {
    const { url } = await start(way);
    let sent = 0;
    const head = multipart([['image', '']]).subarray(0, -'\r\n--x--\r\n'.length);
    async function* endless() {
      yield head;
      for (;;) {
        yield Buffer.alloc(64 * 1024);
        sent += 64 * 1024;
        await setImmediate();
      }
    }
    const request = httpRequest(`${url}/picture`, { method: 'POST', headers: FORM });
    request.on('error', () => {}); // the connection ends under what is still sent
    const sending = pipeline(endless, request).catch(() => {});
    const [response] = await once(request, 'response');
    expect(response.statusCode).toBe(413);
    request.destroy();
    await sending;
    expect(sent).toBeGreaterThanOrEqual(4 * 1024 * 1024 - 64 * 1024);
  });

  it('is cut at any byte without an answer that lacks a part', async () => {
    const app = await start(way);
    const whole = multipart([
      ['label', 'a'],
      ['image', PICTURE],
    ]);
    for (let length = 1; length < whole.length; length++) {
      const { status } = await app.post('/picture', whole.subarray(0, length), FORM);
      // Behind the last boundary there is nothing that could be missed.
      expect(status, `${length} of ${whole.length}`).toBe(length < whole.length - 2 ? 400 : 200);
    }
  });

  it('may come compressed, with a preamble, and a boundary in quotes', async () => {
    const app = await start(way);
    const body = gzipSync(Buffer.concat([Buffer.from('hi\r\n'), multipart([['label', 'a']])]));
    const type = 'Multipart/Form-Data; charset=utf-8; boundary="x"';
    const headers = { 'content-type': type, 'content-encoding': 'gzip' };
    expect((await app.post('/picture', body, headers)).body.request).toEqual({ label: 'a' });
  });

  it('that fetch makes is read', async () => {
    const app = await start(way);
    const form = new FormData();
    form.append('image', new Blob([PICTURE], { type: 'image/png' }), 'a "cat".png');
    form.append('tags[]', 'ü');
    const response = await fetch(`${app.url}/picture`, { method: 'POST', body: form });
    expect(await response.json()).toMatchObject({ request: { image: IMAGE, tags: ['ü'] } });
  });

  it('is 415 without a schema', async () => {
    const app = await start(way);
    for (const headers of [FORM, ENCODED]) {
      expect(await app.post('/free', multipart([['a', 'b']]), headers)).toMatchObject({
        status: 415,
        body: { error: expect.stringContaining('to be a JSON object (application/json), got') },
      });
    }
  });
});

describe.each(WAYS)('an encoded form on %s', (way) => {
  it('is read by its fields', async () => {
    const app = await start(way);
    const sent: [string, object][] = [
      ['label=a+b%2Bc&score=1.5&mode=EXACT&', { label: 'a b+c', score: 1.5, mode: 'EXACT' }],
      ['\ufeffweights=1'.slice(1) + '&weights%5B%5D=2', { weights: [1, 2] }],
      [
        'image=%89PNG%0d%0A&&label',
        { image: Buffer.from('89504e470d0a', 'hex').toString('base64'), label: '' },
      ],
      ['label=100%&tags=%zz', { label: '100%', tags: ['%zz'] }],
      ['inner.deep=%C3%A9', { inner: { deep: 'é' } }],
    ];
    for (const [body, request] of sent) {
      const answer = await app.post('/picture', body, ENCODED);
      expect(answer.body.request, body).toEqual(request);
    }
  });

  it('is checked', async () => {
    const app = await start(way);
    for (const body of [
      'label=%ff',
      'nothing=1',
      'label=a&label=b',
      '__proto__=1',
      '%ff=1',
      '[{}]',
    ]) {
      expect((await app.post('/picture', body, ENCODED)).status, body).toBe(400);
    }
    const long = 'tags=a&'.repeat(10_000);
    expect((await app.post('/picture', long, ENCODED)).status).toBe(413);
  });

  it('is JSON where it begins so', async () => {
    const app = await start(way);
    for (const headers of [FORM, ENCODED]) {
      const { body } = await app.post('/picture', ' {"label":"a"}', headers);
      expect(body.request).toEqual({ label: 'a' });
    }
  });
});
