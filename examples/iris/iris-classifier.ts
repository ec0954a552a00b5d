import { InvalidRequest, ModelEndpoint } from 'nestjs-model-serving';
import { IrisModel } from './iris-model.js';
import { classifySchema, type RequestInput, type ResponseOutput } from './iris.proto.js';

const MEASURES = ['sepalLength', 'sepalWidth', 'petalLength', 'petalWidth'] as const;
const SPECIES = ['SETOSA', 'VERSICOLOR', 'VIRGINICA'] as const;

/** Requests that arrive while the model is busy run together, as one batch; each can fail alone. */
@ModelEndpoint('/', classifySchema, { name: 'iris', batch: { maxSize: 64 } })
export class IrisClassifier {
  constructor(private readonly model: IrisModel) {}

  async predict(flowers: RequestInput[]): Promise<(ResponseOutput | Error)[]> {
    const rows = await this.model.runBatch(
      flowers.map((flower) => ({ features: MEASURES.map((measure) => Number(flower[measure])) })),
    );
    return rows.map((row, i) => {
      if (row instanceof Error) return row;
      const missing = MEASURES.find((measure) => flowers[i]![measure] === undefined);
      return missing ? new InvalidRequest(`Missing ${missing}`) : classify(row.probabilities);
    });
  }
}

function classify(probabilities: Float32Array): ResponseOutput {
  return {
    species: SPECIES[probabilities.indexOf(Math.max(...probabilities))]!,
    probabilities: Object.fromEntries(SPECIES.map((name, k) => [name, probabilities[k]!])),
  };
}
