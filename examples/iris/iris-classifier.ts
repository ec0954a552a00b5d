import { InvalidRequest, ModelEndpoint, protobufSchema } from 'nestjs-model-serving';
import { IrisModel } from './iris-model.js';

const MEASURES = ['sepalLength', 'sepalWidth', 'petalLength', 'petalWidth'] as const;
const SPECIES = ['SETOSA', 'VERSICOLOR', 'VIRGINICA'] as const;

type Flower = { [measure in (typeof MEASURES)[number]]?: number };

interface Classification {
  species: (typeof SPECIES)[number];
  probabilities: Record<string, number>;
}

/** Requests that arrive while the model is busy run together, as one batch; each can fail alone. */
@ModelEndpoint(
  '/',
  protobufSchema<Flower, Classification>(new URL('./iris.proto', import.meta.url)),
  { name: 'iris', batch: { maxSize: 64 } },
)
export class IrisClassifier {
  constructor(private readonly model: IrisModel) {}

  async predict(flowers: Flower[]): Promise<(Classification | Error)[]> {
    const rows = await this.model.runBatch(
      flowers.map((flower) => ({ features: MEASURES.map((measure) => flower[measure] ?? NaN) })),
    );
    return rows.map((row, i) => {
      if (row instanceof Error) return row;
      const missing = MEASURES.find((measure) => flowers[i]![measure] === undefined);
      return missing ? new InvalidRequest(`Missing ${missing}`) : classify(row.probabilities);
    });
  }
}

function classify(probabilities: Float32Array): Classification {
  return {
    species: SPECIES[probabilities.indexOf(Math.max(...probabilities))]!,
    probabilities: Object.fromEntries(SPECIES.map((name, k) => [name, probabilities[k]!])),
  };
}
