import { Controller } from '@nestjs/common';
import {
  InvalidRequest,
  ModelEndpoint,
  protobufSchema,
  type PredictContext,
} from 'nestjs-model-serving';
import { of } from 'rxjs';

/** Compiled, never run: what must not compile stands under `@ts-expect-error`. */

interface Request {
  text?: string;
}
interface Response {
  label: string;
}

/** What comes by gRPC under a name in `-bin` is binary; under any other name there is text. */
export function readsHeaders({ headers }: PredictContext, name: string): void {
  const trace: Buffer | undefined = headers['trace-bin'];
  const user: string | string[] | undefined = headers['x-user'];
  const any: string | string[] | undefined = headers[name];
  // @ts-expect-error
  const text: Buffer = headers['x-user'];
  void [trace, user, any, text];
}

const schema = protobufSchema<Request, Response>('model.proto');

@ModelEndpoint('/fits', schema)
export class Fits {
  predict({ text }: Request, { signal }: PredictContext): Response {
    if (signal.aborted || !text) throw new InvalidRequest('Missing text');
    return { label: text };
  }
}

@ModelEndpoint('/promise', schema)
export class Promised {
  async predict(): Promise<Response> {
    return { label: '' };
  }
}

@ModelEndpoint('/observable', schema)
export class Observed {
  predict() {
    return of({ label: '' });
  }
}

@ModelEndpoint('/injected', schema)
export class Injected {
  constructor(readonly model: { run(text: string): string }) {}
  predict({ text = '' }: Request): Response {
    return { label: this.model.run(text) };
  }
}

@ModelEndpoint('/any')
export class WithoutSchema {
  predict(input: { a: number }): number {
    return input.a;
  }
}

@ModelEndpoint('/batch', schema, { batch: { sizeOf: ({ text }) => text?.length ?? 1 } })
export class Batched {
  predict(inputs: Request[], contexts: PredictContext[]): (Response | Error)[] {
    return inputs.map(({ text }, index) =>
      text ? { label: text } : new Error(contexts[index]!.requestId),
    );
  }
}

// @ts-expect-error a class without predict
@ModelEndpoint('/no-predict')
export class NoPredict {
  classify() {}
}

// @ts-expect-error a predict of something else than the schema's request
@ModelEndpoint('/wrong-input', schema)
export class WrongInput {
  predict(input: { text: number }): Response {
    return { label: String(input.text) };
  }
}

// @ts-expect-error a predict that returns something else than the schema's response
@ModelEndpoint('/wrong-answer', schema)
export class WrongAnswer {
  predict(): { label: number } {
    return { label: 1 };
  }
}

// @ts-expect-error a promise of something else
@ModelEndpoint('/wrong-promise', schema)
export class WrongPromise {
  async predict(): Promise<string> {
    return '';
  }
}

// @ts-expect-error a context that a call does not have
@ModelEndpoint('/wrong-context', schema)
export class WrongContext {
  predict(_: Request, context: { user: string }): Response {
    return { label: context.user };
  }
}

// @ts-expect-error a third parameter that nobody gives
@ModelEndpoint('/third', schema)
export class ThirdParameter {
  predict(_: Request, __: PredictContext, extra: string): Response {
    return { label: extra };
  }
}

// @ts-expect-error a batch for a predict of one
@ModelEndpoint('/batch-of-one', schema, { batch: {} })
export class BatchOfOne {
  predict({ text = '' }: Request): Response {
    return { label: text };
  }
}

// @ts-expect-error no batch for a predict of many
@ModelEndpoint('/one-of-batch', schema)
export class OneOfBatch {
  predict(inputs: Request[]): Response[] {
    return inputs.map(({ text = '' }) => ({ label: text }));
  }
}

// @ts-expect-error a batch whose results are of another kind
@ModelEndpoint('/wrong-batch', schema, { batch: {} })
export class WrongBatch {
  predict(inputs: Request[]): string[] {
    return inputs.map(() => '');
  }
}

@Controller()
export class Methods {
  @ModelEndpoint('/fits', schema)
  fits({ text = '' }: Request, { requestId }: PredictContext): Response {
    return { label: text + requestId };
  }

  // @ts-expect-error a method of something else than the schema's request
  @ModelEndpoint('/wrong-input', schema)
  wrongInput(input: { text: number }): Response {
    return { label: String(input.text) };
  }

  // @ts-expect-error a method that returns something else than the schema's response
  @ModelEndpoint('/wrong-answer', schema)
  wrongAnswer(): string {
    return '';
  }

  // @ts-expect-error a batch for a method of one
  @ModelEndpoint('/batch', schema, { batch: {} })
  batch({ text = '' }: Request): Response {
    return { label: text };
  }
}

// @ts-expect-error an option that there is not
ModelEndpoint('/unknown', schema, { timeuot: 5 });
// @ts-expect-error an option of another type
ModelEndpoint('/wrong', schema, { timeout: '5s' });
// @ts-expect-error a warm-up request that is none
ModelEndpoint('/warmup', schema, { warmup: [{ text: 5 }] });
// @ts-expect-error a cache key of a field that there is not
ModelEndpoint('/key', schema, { cache: { key: ({ title }) => title } });
// @ts-expect-error a schema that is none
ModelEndpoint('/schema', 5);
// @ts-expect-error a path that is none
ModelEndpoint(5);

@ModelEndpoint('/stream', schema, { stream: true })
export class Streamed {
  async *predict({ text = '' }: Request, { signal }: PredictContext) {
    for (const label of text.split(' ')) if (!signal.aborted) yield { label };
  }
}

@ModelEndpoint('/stream/array', schema, { stream: true })
export class StreamedArray {
  predict(): Response[] {
    return [{ label: '' }];
  }
}

@ModelEndpoint('/stream/observable', schema, { stream: true })
export class StreamedObservable {
  async predict() {
    return of({ label: '' });
  }
}

@ModelEndpoint('/stream/web', schema, { stream: true })
export class StreamedWeb {
  predict(): ReadableStream<Response> {
    return new ReadableStream();
  }
}

// @ts-expect-error an item is an answer
@ModelEndpoint('/stream/other', schema, { stream: true })
export class StreamedOther {
  async *predict() {
    yield { lable: '' };
  }
}

// @ts-expect-error one answer is no stream
@ModelEndpoint('/stream/one', schema, { stream: true })
export class StreamedOne {
  predict(): Response {
    return { label: '' };
  }
}

// @ts-expect-error a stream needs its option
@ModelEndpoint('/stream/none', schema)
export class StreamedNot {
  async *predict() {
    yield { label: '' };
  }
}
