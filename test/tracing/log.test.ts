import { ConsoleLogger, Controller, Logger } from '@nestjs/common';
import { ModelEndpoint, type PredictContext } from 'nestjs-model-serving';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { startApp } from '../serving-app.js';
import { inSpan, spanNamed, spans } from './spans.js';

/** What Nest's logger would print as JSON. */
class Lines extends ConsoleLogger {
  readonly lines: any[] = [];

  constructor() {
    super({ json: true, logLevels: ['debug', 'log', 'warn', 'error'] });
  }

  protected override printAsJson(message: unknown, options: any): void {
    this.lines.push(this.getJsonLogObject(message, options));
  }
}

@Controller()
class Models {
  @ModelEndpoint('/one')
  async one(_: object, { log }: PredictContext) {
    log.log('in the handler');
    await inSpan('outgoing', () => log.log('in a span of its own'));
    return {};
  }

  @ModelEndpoint('/batched', undefined, { batch: { maxSize: 2 } })
  batched(inputs: object[], contexts: PredictContext[]) {
    contexts[0]!.log.log('in a batch');
    return inputs;
  }

  @ModelEndpoint('/broken')
  broken(): never {
    throw new Error('the model is broken');
  }
}

let logger: Lines;
beforeEach(() => {
  logger = new Lines();
});
afterEach(() => Logger.overrideLogger(false));

/** The fields of a line. */
const lineWith = (text: string) =>
  logger.lines.find(({ message }) => String(message).includes(text))?.params;

it('is named in every line about a call', async () => {
  const { post } = await startApp('express', { controllers: [Models] });
  Logger.overrideLogger(logger);
  await post('/one', {});
  await expect.poll(() => spans()).toHaveLength(3);
  const placeOf = (span: ReturnType<typeof spanNamed>) => ({
    trace_id: span.spanContext().traceId,
    span_id: span.spanContext().spanId,
  });
  const last = () => spans().findLast(({ name }) => name === 'predict')!;
  expect(lineWith('in the handler')).toMatchObject(placeOf(spanNamed('predict')));
  expect(lineWith('in a span of its own')).toMatchObject(placeOf(spanNamed('outgoing')));

  await post('/batched', {});
  await expect.poll(() => spans()).toHaveLength(6);
  expect(lineWith('in a batch')).toMatchObject(placeOf(last()));

  await post('/broken', {});
  await expect.poll(() => spans()).toHaveLength(8);
  expect(lineWith('the model is broken')).toMatchObject(placeOf(last()));

  await post('/one', 'no JSON');
  await expect.poll(() => spans()).toHaveLength(10);
  await expect.poll(() => lineWith('(400)')).toMatchObject(placeOf(last()));
});
