import { ModelEndpoint, type PredictContext } from 'nestjs-model-serving';
import { SentimentModel, THREADS } from './sentiment-model.js';
import { sentimentSchema, type RequestInput, type ResponseOutput } from './sentiment.proto.js';

/** One request a thread; the others wait here, where their deadlines are known. */
@ModelEndpoint('/', sentimentSchema, {
  name: 'sentiment',
  maxConcurrency: THREADS,
  timeout: 5_000,
})
export class SentimentAnalyser {
  constructor(private readonly model: SentimentModel) {}

  async predict({ text = '' }: RequestInput, { signal }: PredictContext): Promise<ResponseOutput> {
    const scores = await this.model.run(text, { signal });
    const sentiment =
      scores.score > 0.2 ? 'POSITIVE' : scores.score < -0.2 ? 'NEGATIVE' : 'NEUTRAL';
    return { sentiment, ...scores };
  }
}
