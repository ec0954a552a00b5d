import { EventEmitter, once } from 'node:events';
import type { PredictContext } from 'nestjs-model-serving';

/** One run of a {@link HeldModel}: what it was given, and the way to end it. */
export interface HeldRun {
  readonly input: any;
  readonly context: PredictContext;
  readonly inputs: any[];
  readonly contexts: PredictContext[];
  resolve(value: unknown): void;
  reject(error: unknown): void;
}

/** A model whose every run waits for the test to end it. */
export class HeldModel {
  readonly runs: HeldRun[] = [];
  readonly #events = new EventEmitter();

  readonly one = (input: unknown, context: PredictContext): Promise<unknown> =>
    this.#hold([input], [context]);

  readonly batch = (inputs: unknown[], contexts: PredictContext[]): Promise<never> =>
    this.#hold(inputs, contexts) as Promise<never>;

  /** Waits for a run, counted from 0, to begin. */
  async run(index: number): Promise<HeldRun> {
    while (this.runs[index] === undefined) await once(this.#events, 'run');
    return this.runs[index];
  }

  /** Ends every run of a batch that has begun, giving each input back. */
  release(): void {
    for (const { inputs, resolve } of this.runs) resolve(inputs);
  }

  #hold(inputs: unknown[], contexts: PredictContext[]): Promise<unknown> {
    return new Promise((resolve, reject) => {
      const [input] = inputs;
      const [context] = contexts as [PredictContext];
      this.runs.push({ input, context, inputs, contexts, resolve, reject });
      this.#events.emit('run');
    });
  }
}
