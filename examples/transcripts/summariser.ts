import { ModelEndpoint, type PredictContext } from 'nestjs-model-serving';
import { summarySchema, type RequestInput, type ResponseOutput } from './summary.proto.js';
import { TextRank, THREADS } from './text-rank.js';

@ModelEndpoint('/summary', summarySchema, {
  timeout: 600_000,
  maxConcurrency: THREADS,
  jobs: true,
})
export class Summariser {
  constructor(private readonly model: TextRank) {}

  async predict(
    { text = '', sentences: count = 3 }: RequestInput,
    context: PredictContext,
  ): Promise<ResponseOutput> {
    let sentences: string[] = [];
    // The signal ends the thread in the middle of its work.
    for await (const step of this.model.stream({ text, count }, { signal: context.signal })) {
      context.progress(step.done);
      sentences = step.summary ?? sentences;
    }
    return { sentences };
  }
}
