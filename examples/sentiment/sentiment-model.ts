import { availableParallelism } from 'node:os';
import { Injectable } from '@nestjs/common';
import { ThreadedModel } from 'nestjs-model-serving/threads';

/** What sentiment.worker.mjs returns; scores go from -1 to 1. */
export interface Scores {
  score: number;
  sentences: { text: string; score: number }[];
}

export const THREADS = availableParallelism();

@Injectable()
export class SentimentModel extends ThreadedModel<string, Scores> {
  constructor() {
    super(new URL('./sentiment.worker.mjs', import.meta.url), {
      maxThreads: THREADS,
      resourceLimits: { maxOldGenerationSizeMb: 128 },
    });
  }
}
