import { describe, expect, it } from 'vitest';
import { AppModule } from '../../examples/label-classifier/app.module.js';
import { ADAPTERS, startExample, type ExampleApp } from './example-app.js';

const LABELS = [
  {
    name: 'sport',
    description: 'Football, basketball, tennis: teams, players, coaches, matches, championships',
  },
  {
    name: 'politics',
    description: 'Governments, elections, parliaments, parties, ministers, laws and votes',
  },
  {
    name: 'cooking',
    description: 'Recipes and ingredients: baking, roasting, frying, sauces, bread and desserts',
  },
  {
    name: 'health',
    description: 'Medicine, doctors, hospitals, patients, diseases, vaccines and treatment',
  },
];

const SENTENCES = {
  sport: [
    'The striker scored twice as the home team won the match and the championship.',
    'The coach praised his players after the game.',
  ],
  politics: [
    'The minister lost the vote in parliament and called an early election.',
    'Who won in the end, and why did the ruling party lose?',
  ],
  cooking: [
    'Mix flour, butter and sugar, then bake the bread for forty minutes.',
    'Fry the onions gently before you add the sauce.',
  ],
  health: [
    'The hospital says the vaccine protects its patients from the disease.',
    'What should you do if the doctor is not in and you have the flu?',
  ],
};

const SPORT_NEWS = SENTENCES.sport[0]!;

const names = ({ body }: { body: { labels: { name: string }[] } }) =>
  body.labels.map(({ name }) => name);

describe.each(ADAPTERS)('label-classifier on %s', (adapter) => {
  async function startWithLabels(): Promise<ExampleApp> {
    const app = await startExample(AppModule, adapter);
    const added = await app.post('/add', { labels: LABELS });
    expect(added).toMatchObject({
      status: 200,
      body: { labels: ['sport', 'politics', 'cooking', 'health'] },
    });
    return app;
  }

  async function expectRefusal(app: ExampleApp, path: string, body: unknown, error: string) {
    expect(await app.post(path, body), `${path} ${JSON.stringify(body)}`).toMatchObject({
      status: 400,
      body: { error, code: 'INVALID_ARGUMENT' },
    });
  }

  it('ranks the label a sentence is about first', async () => {
    const app = await startWithLabels();
    for (const [label, sentences] of Object.entries(SENTENCES)) {
      for (const text of sentences) {
        const answer = await app.post('/classify', { text });
        expect(answer.status).toBe(200);
        expect(names(answer), text).toHaveLength(LABELS.length);
        expect(names(answer)[0], text).toBe(label);
      }
    }
  });

  it('gives scores from 0 to 1, the best first', async () => {
    const app = await startWithLabels();
    const { body } = await app.post('/classify', { text: SPORT_NEWS });
    const scores: number[] = body.labels.map(({ score }: { score: number }) => score);
    expect(scores).toEqual(scores.toSorted((a, b) => b - a));
    expect(Math.max(...scores)).toBeLessThanOrEqual(1);
    expect(Math.min(...scores)).toBeGreaterThanOrEqual(0);
  });

  it('gives a text that is a label as it stands the score 1', async () => {
    const app = await startWithLabels();
    const { name, description } = LABELS[0]!;
    const { body } = await app.post('/classify', { text: `${name} ${description}`, topk: 1 });
    expect(body.labels).toEqual([{ name: 'sport', score: expect.closeTo(1, 9) }]);
  });

  it('answers no more than topk labels, and none below threshold', async () => {
    const app = await startWithLabels();
    const all = (await app.post('/classify', { text: SPORT_NEWS })).body.labels;
    const two = await app.post('/classify', { text: SPORT_NEWS, topk: 2 });
    expect(two.body.labels).toEqual(all.slice(0, 2));
    const good = await app.post('/classify', { text: SPORT_NEWS, threshold: all[0].score });
    expect(good.body.labels).toEqual(all.slice(0, 1));
    const none = await app.post('/classify', { text: SPORT_NEWS, threshold: 1 });
    expect(none).toMatchObject({ status: 200, body: { labels: [] } });
  });

  it('forgets the labels that are removed, and all of them on reset', async () => {
    const app = await startWithLabels();
    const removed = await app.post('/remove', { names: ['sport', 'health'] });
    expect(removed.body.labels).toEqual(['politics', 'cooking']);
    expect(names(await app.post('/classify', { text: SPORT_NEWS })).toSorted()).toEqual([
      'cooking',
      'politics',
    ]);
    expect(await app.post('/reset', {})).toMatchObject({ status: 200, body: { labels: [] } });
    await expectRefusal(app, '/classify', { text: SPORT_NEWS }, 'There are no labels yet');
  });

  it('changes everything a request asks for, or nothing', async () => {
    const app = await startWithLabels();
    const before = await app.post('/classify', { text: SPORT_NEWS });
    const travel = { name: 'travel', description: 'Hotels, flights and beaches' };
    await expectRefusal(
      app,
      '/add',
      { labels: [travel, { ...travel, name: 'sport' }] },
      'Label "sport" exists already',
    );
    await expectRefusal(app, '/add', { labels: [travel, travel] }, 'Label "travel" exists already');
    await expectRefusal(app, '/add', { labels: [travel, { name: 'x' }] }, 'Missing description');
    await expectRefusal(app, '/remove', { names: ['sport', 'x'] }, 'Unknown label "x"');
    await expectRefusal(app, '/remove', { names: ['sport', 'sport'] }, 'Unknown label "sport"');
    expect(await app.post('/classify', { text: SPORT_NEWS })).toEqual(before);
  });

  it('says what is wrong with a request', async () => {
    const app = await startWithLabels();
    const text = SPORT_NEWS;
    await expectRefusal(app, '/add', {}, 'Missing labels');
    await expectRefusal(app, '/add', { labels: [{ name: ' ', description: 'x' }] }, 'Missing name');
    await expectRefusal(app, '/remove', { names: [] }, 'Missing names');
    await expectRefusal(app, '/classify', { text: ' ' }, 'Missing text');
    await expectRefusal(app, '/classify', { text, topk: 0 }, 'topk: expected 1 or more, got 0');
    await expectRefusal(app, '/classify', { text, topk: -1 }, 'topk: expected 1 or more, got -1');
    for (const threshold of [-0.1, 1.5, 'NaN']) {
      await expectRefusal(
        app,
        '/classify',
        { text, threshold },
        `threshold: expected a number from 0 to 1, got ${threshold}`,
      );
    }
  });

  it('refuses a text that would keep the others waiting', async () => {
    const app = await startWithLabels();
    const answer = await app.post('/classify', { text: 'match '.repeat(20_000) });
    expect(answer).toMatchObject({ status: 413, body: { code: 'RESOURCE_EXHAUSTED' } });
  });
});
