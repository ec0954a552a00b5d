import { availableParallelism } from 'node:os';
import { Injectable } from '@nestjs/common';
import { ThreadedModel } from 'nestjs-model-serving/threads';

export interface Text {
  text: string;
  /** How many of its sentences to choose. */
  count: number;
}

/** What text-rank.worker.mjs yields: how much of its work is done and, at the end, the summary. */
export interface Step {
  done: number;
  summary?: string[];
}

export const THREADS = availableParallelism();

@Injectable()
export class TextRank extends ThreadedModel<Text, Step> {
  constructor() {
    super(new URL('./text-rank.worker.mjs', import.meta.url), { maxThreads: THREADS });
  }
}
