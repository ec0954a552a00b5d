import { ModelEndpoint, type PredictContext } from 'nestjs-model-serving';
import { summarySchema, type RequestInput } from './summary.proto.js';
import { TextRank } from './text-rank.js';

@ModelEndpoint('/summary', summarySchema, { timeout: 600_000, maxConcurrency: 1, jobs: true })
export class Summariser {
  constructor(private readonly model: TextRank) {}

  async predict({ text = '', sentences = 3 }: RequestInput, context: PredictContext) {
    const onProgress = (done: number) => context.progress(done);
    return {
      sentences: await this.model.summarise(text, sentences, onProgress, context.signal),
    };
  }
}
