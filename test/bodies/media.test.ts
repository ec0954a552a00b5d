import { describe, expect, it } from 'vitest';
import { startApp, WAYS } from '../serving-app.js';
import { PictureModels } from './picture-model.js';

const PICTURE = Buffer.from('89504e470d0a1a0a00ff', 'hex');
const IMAGE = PICTURE.toString('base64');

describe.each(WAYS)('a body of bytes on %s', (way) => {
  it('is the one field of bytes, beside what the query says', async () => {
    const app = await startApp(way, { controllers: [PictureModels] });
    const taken: [type: string, query: string, request: object][] = [
      ['image/png', '', {}],
      [
        'IMAGE/JPEG; q=1',
        '?label=a%20b&score=0.5&big=9007199254740993',
        { label: 'a b', score: 0.5, big: '9007199254740993' },
      ],
      ['audio/wav', '?flag=true&mode=EXACT', { flag: true, mode: 'EXACT' }],
      ['video/mp4', '?weights=1&weights=2&tags[]=a', { weights: [1, 2], tags: ['a'] }],
      ['application/octet-stream', '?snake_case=1&', { snakeCase: 1 }],
    ];
    for (const [type, query, request] of taken) {
      const answer = await app.post(`/picture${query}`, PICTURE, { 'content-type': type });
      expect(answer, type).toMatchObject({ status: 200, body: { kinds: ['Buffer'] } });
      expect(answer.body.request).toEqual({ image: IMAGE, ...request });
    }
    const braces = await app.post('/picture', '{}', { 'content-type': 'application/octet-stream' });
    expect(braces.body.request).toEqual({ image: 'e30=' });
  });

  it('has a query that is checked', async () => {
    const app = await startApp(way, { controllers: [PictureModels] });
    for (const [query, path] of [
      ['score=many', '$.score'],
      ['image=a', '$.image'],
      ['label=a&label=b', '$.label'],
      ['unknown=1', '$.unknown'],
      ['__proto__=1', '$.__proto__'],
    ] as const) {
      const answer = await app.post(`/picture?${query}`, PICTURE, { 'content-type': 'image/png' });
      expect([answer.status, answer.body.details?.[0].path], query).toEqual([400, path]);
    }
  });

  it('is refused by every other message, with what it takes', async () => {
    const app = await startApp(way, { controllers: [PictureModels] });
    for (const type of ['image/png', 'audio/wav', 'video/mp4']) {
      const headers = { 'content-type': type };
      const checked = await app.post('/text', PICTURE, headers);
      expect([checked.status, checked.body.error]).toEqual([
        415,
        `Expected the body of POST /text to be a JSON object (application/json), application/x-protobuf or multipart/form-data, got ${type}`,
      ]);
      const free = await app.post('/free', PICTURE, headers);
      expect([free.status, free.body.error]).toEqual([
        415,
        `Expected the body of POST /free to be a JSON object (application/json), got ${type}`,
      ]);
    }
  });

  it('of no type of its own is JSON there', async () => {
    const app = await startApp(way, { controllers: [PictureModels] });
    for (const path of ['/text', '/free']) {
      const headers = { 'content-type': 'application/octet-stream' };
      const { body } = await app.post(path, '{"text":"a"}', headers);
      expect(body).toEqual({ text: 'a' });
    }
  });
});
