import { ModelEndpoint, type PredictContext } from 'nestjs-model-serving';
import { MarkovModel } from './markov-model.js';
import { storySchema, type RequestInput } from './story.proto.js';

@ModelEndpoint('/story', storySchema, { stream: true, timeout: 120_000 })
export class StoryTeller {
  constructor(private readonly model: MarkovModel) {}

  async *predict({ prompt = '', words = 50 }: RequestInput, { signal }: PredictContext) {
    for await (const word of this.model.speak(prompt, words, signal)) yield { word };
  }
}
