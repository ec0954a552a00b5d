import { ModelEndpoint, protobufSchema, type PredictContext } from 'nestjs-model-serving';
import { SentimentModel, THREADS, type Scores } from './sentiment-model.js';

interface Text {
  text?: string;
}

interface Sentiment extends Scores {
  sentiment: 'NEGATIVE' | 'NEUTRAL' | 'POSITIVE';
}

/** One request a thread; the others wait here, where their deadlines are known. */
@ModelEndpoint(
  '/',
  protobufSchema<Text, Sentiment>(new URL('./sentiment.proto', import.meta.url)),
  { name: 'sentiment', maxConcurrency: THREADS, timeout: 5_000 },
)
export class SentimentAnalyser {
  constructor(private readonly model: SentimentModel) {}

  async predict({ text = '' }: Text, { signal }: PredictContext): Promise<Sentiment> {
    const scores = await this.model.run(text, { signal });
    const sentiment =
      scores.score > 0.2 ? 'POSITIVE' : scores.score < -0.2 ? 'NEGATIVE' : 'NEUTRAL';
    return { sentiment, ...scores };
  }
}
