import { ModelEndpoint, protobufSchema, type PredictContext } from 'nestjs-model-serving';
import { MarkovModel } from './markov-model.js';

interface Prompt {
  prompt?: string;
  words?: number;
}

interface Spoken {
  word: string;
}

@ModelEndpoint(
  '/story',
  protobufSchema<Prompt, Spoken>(new URL('./story.proto', import.meta.url)),
  { stream: true, timeout: 120_000 },
)
export class StoryTeller {
  constructor(private readonly model: MarkovModel) {}

  async *predict({ prompt = '', words = 50 }: Prompt, { signal }: PredictContext) {
    for await (const word of this.model.speak(prompt, words, signal)) yield { word };
  }
}
