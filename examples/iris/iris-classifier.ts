import { ModelEndpoint, protobufSchema } from 'nestjs-model-serving';
import { IrisModel } from './iris-model.js';

interface Flower {
  sepalLength: number;
  sepalWidth: number;
  petalLength: number;
  petalWidth: number;
}

const SPECIES = ['SETOSA', 'VERSICOLOR', 'VIRGINICA'] as const;

interface Classification {
  species: (typeof SPECIES)[number];
  probabilities: Record<string, number>;
}

/** Requests that arrive while the model is busy run together, as one batch. */
@ModelEndpoint(
  '/',
  protobufSchema<Flower, Classification>(new URL('./iris.proto', import.meta.url)),
  { name: 'iris', batch: { maxSize: 64 } },
)
export class IrisClassifier {
  constructor(private readonly model: IrisModel) {}

  async predict(flowers: Flower[]): Promise<(Classification | Error)[]> {
    const rows = await this.model.runBatch(
      flowers.map(({ sepalLength, sepalWidth, petalLength, petalWidth }) => ({
        features: [sepalLength, sepalWidth, petalLength, petalWidth],
      })),
    );
    return rows.map((row) => (row instanceof Error ? row : classify(row.probabilities)));
  }
}

function classify(probabilities: Float32Array): Classification {
  return {
    species: SPECIES[probabilities.indexOf(Math.max(...probabilities))]!,
    probabilities: Object.fromEntries(SPECIES.map((name, k) => [name, probabilities[k]!])),
  };
}
