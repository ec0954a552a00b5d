import { Test } from '@nestjs/testing';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { AppModule } from '../../examples/sentiment/app.module.js';
import { SentimentModel } from '../../examples/sentiment/sentiment-model.js';
import { InvalidRequest } from '../../src/errors/index.js';
import { ADAPTERS, startExample } from './example-app.js';

let model: SentimentModel;
let close: () => Promise<void>;

beforeAll(async () => {
  const app = await Test.createTestingModule({ providers: [SentimentModel] }).compile();
  await app.init();
  model = app.get(SentimentModel);
  close = () => app.close();
});
afterAll(() => close());

test.each([
  'I love this film, it is absolutely wonderful.',
  'Not bad at all.',
  'I could not be happier with this phone!',
  'The plot is boring, but the actors are brilliant.',
  'Absolutly fantstic service, I highly recomend it',
  'The room was clean and quiet, and the staff were very friendly.',
  'Best purchase I have made this year.',
  'A delightful evening. We laughed, and the food was delicious!',
])('positive: %s', async (text) => {
  expect((await model.run(text)).score).toBeGreaterThan(0.2);
});

test.each([
  'The food was cold and the waiter was rude. Never again!',
  'This is not good.',
  'What a disappointment. Total waste of money.',
  'The actors are brilliant, but the plot is a complete disaster.',
  'A terible experience: broken, late and overpriced.',
  'The battery died after two days and support ignored me.',
  'I hate the new version, it crashes constantly.',
  "Don't waste your time, it doesn’t work and nobody was helpful.",
])('negative: %s', async (text) => {
  expect((await model.run(text)).score).toBeLessThan(-0.2);
});

test.each([
  'The train leaves at nine from platform four.',
  'My brother waited for his friend near the school window in the winter weather.',
])('neither: %s', async (text) => {
  expect((await model.run(text)).score).toBe(0);
});

test('every sentence has its own score', async () => {
  const { sentences } = await model.run('I love it! It is horrible.\nIt is a table');
  expect(sentences.map(({ text }) => text)).toEqual([
    'I love it!',
    'It is horrible.',
    'It is a table',
  ]);
  expect(sentences.map(({ score }) => Math.sign(score))).toEqual([1, -1, 0]);
});

test('a text without words is refused', async () => {
  await expect(model.run(' … 42 !')).rejects.toThrow(InvalidRequest);
});

describe.each(ADAPTERS)('sentiment on %s', (adapter) => {
  test('tells good from bad', async () => {
    const app = await startExample(AppModule, adapter);
    const texts = ['What a wonderful day!', 'This is dreadful.', 'It is a table.'];
    const answers = await Promise.all(texts.map((text) => app.post('/', { text })));
    expect(answers.map(({ status, body }) => [status, body.sentiment])).toEqual([
      [200, 'POSITIVE'],
      [200, 'NEGATIVE'],
      [200, 'NEUTRAL'],
    ]);
    expect(answers[2]!.body).toEqual({
      sentiment: 'NEUTRAL',
      score: 0,
      sentences: [{ text: 'It is a table.', score: 0 }],
    });
  });

  test('refuses a text that the model in its thread refuses', async () => {
    const app = await startExample(AppModule, adapter);
    for (const request of [{ text: '42' }, {}]) {
      const { status, body } = await app.post('/', request);
      expect(status).toBe(400);
      expect(body).toMatchObject({ error: 'The text has no words', code: 'INVALID_ARGUMENT' });
    }
  });
});
