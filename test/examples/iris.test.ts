import { Test } from '@nestjs/testing';
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { AppModule } from '../../examples/iris/app.module.js';
import { IrisModel } from '../../examples/iris/iris-model.js';
import { SPECIES, split } from '../../examples/iris/train.mjs';
import { ADAPTERS, startExample } from './example-app.js';

interface Measured {
  features: number[];
  label: number;
}

let model: IrisModel;
let close: () => Promise<void>;

beforeAll(async () => {
  const app = await Test.createTestingModule({ providers: [IrisModel] }).compile();
  await app.init();
  model = app.get(IrisModel);
  close = () => app.close();
});
afterAll(() => close());

async function accuracy(flowers: Measured[]) {
  const rows = await model.runBatch(flowers.map(({ features }) => ({ features })));
  const right = rows.filter((row, i) => {
    if (row instanceof Error) throw row;
    const { probabilities } = row;
    return probabilities.indexOf(Math.max(...probabilities)) === flowers[i]!.label;
  });
  return right.length / flowers.length;
}

const { training, heldOut } = split() as { training: Measured[]; heldOut: Measured[] };

test('the data are Fisher’s: 50 flowers of each species, with the known means', () => {
  const flowers = [...training, ...heldOut];
  for (const label of (SPECIES as string[]).keys()) {
    expect(flowers.filter((flower) => flower.label === label)).toHaveLength(50);
  }
  const means = [0, 1, 2, 3].map(
    (i) => flowers.reduce((sum, { features }) => sum + features[i]!, 0) / flowers.length,
  );
  [5.843, 3.057, 3.758, 1.199].forEach((mean, i) => expect(means[i]).toBeCloseTo(mean, 3));
});

test('the model knows most flowers it was not trained on', async () => {
  expect(heldOut).toHaveLength(30);
  expect(await accuracy(heldOut)).toBeCloseTo(28 / 30);
  expect(await accuracy(training)).toBeGreaterThan(0.97);
});

describe.each(ADAPTERS)('iris on %s', (adapter) => {
  const request = ({ features }: Measured) => ({
    sepalLength: features[0],
    sepalWidth: features[1],
    petalLength: features[2],
    petalWidth: features[3],
  });

  test('classifies flowers that come at once, each with its own answer', async () => {
    const app = await startExample(AppModule, adapter);
    const answers = await Promise.all(heldOut.map((flower) => app.post('/', request(flower))));
    const right = answers.filter(({ status, body }, i) => {
      expect(status).toBe(200);
      const { SETOSA, VERSICOLOR, VIRGINICA } = body.probabilities;
      expect(SETOSA + VERSICOLOR + VIRGINICA).toBeCloseTo(1, 5);
      return body.species === (SPECIES[heldOut[i]!.label] as string).toUpperCase();
    });
    expect(right).toHaveLength(28);
  });

  test('refuses a flower without all measures, and only that', async () => {
    const app = await startExample(AppModule, adapter);
    const whole = request(heldOut[0]!);
    const answers = await Promise.all(
      [whole, { ...whole, petalWidth: undefined }, whole].map((flower) => app.post('/', flower)),
    );
    expect(answers.map(({ status }) => status)).toEqual([200, 400, 200]);
    expect(answers[1]!.body).toMatchObject({
      error: 'Missing petalWidth',
      code: 'INVALID_ARGUMENT',
    });
  });

  test('answers the Open Inference Protocol, too', async () => {
    const { post } = await startExample(AppModule, adapter);
    const flowers = [heldOut[0]!, heldOut[29]!];
    const names = Object.keys(request(flowers[0]!));
    const inputs = names.map((name, i) => ({
      name,
      datatype: 'FP64',
      shape: [2],
      data: flowers.map(({ features }) => features[i]),
    }));
    const { status, body } = await post('/v2/models/iris/infer', { inputs });
    expect(status).toBe(200);
    const species = body.outputs[0].data.map((text: string) => JSON.parse(text).species);
    expect(species).toEqual(flowers.map(({ label }) => SPECIES[label]!.toUpperCase()));
  });

  test('answers by gRPC on the same port, to the command of its README', async () => {
    const app = await startExample(AppModule, adapter);
    const readme = readFileSync('examples/iris/README.md', 'utf8');
    const [command] = /^node --input-type=module -e '[^']*'$/m.exec(readme)!;
    const here = command.replace('localhost:8000', new URL(app.url).host);
    const { stdout } = await promisify(execFile)('bash', ['-c', here]);
    expect(stdout).toBe('VIRGINICA\n');
  });
});
