import type { Endpoint } from '../endpoint/endpoint.js';
import { messageOfThrown } from '../errors/index.js';
import {
  CancellableTask,
  TaskContext,
  type CallLog,
  type PredictContext,
  type Sink,
} from '../execution/index.js';
import type { MessageCodec } from '../schema/index.js';

/**
 * Runs an endpoint's `warmup` requests, one after another, on the way that real ones take.
 *
 * @throws where one fails: a model that cannot answer its own example is not ready.
 */
export async function warmUp(endpoint: Endpoint): Promise<void> {
  const { options, schema, executor, instance, owner } = endpoint;
  for (const [index, input] of options.warmup.entries()) {
    try {
      const canonical = schema?.request === undefined ? input : schema.request.read(input);
      const task = new WarmUpTask(
        canonical,
        options.timeout,
        endpoint.logFor({ requestId: 'warm-up' }),
      );
      if (options.stream) task.sink = new CheckedItems(schema?.response);
      const answer = await executor.run(task, instance!);
      if (!options.stream) schema?.response?.write(answer);
    } catch (cause) {
      const message = messageOfThrown(cause);
      throw new Error(`${owner}: expected warmup[${index}] to succeed, got "${message}"`, {
        cause,
      });
    }
  }
}

/** Nobody reads the items of a warm-up, but they are to be what a client would be sent. */
class CheckedItems implements Sink {
  readonly isFull = false;
  readonly #codec: MessageCodec | undefined;

  constructor(codec: MessageCodec | undefined) {
    this.#codec = codec;
  }

  take(item: unknown): void {
    this.#codec?.write(item);
  }

  onceReady(): void {}
}

class WarmUpTask extends CancellableTask {
  readonly context: PredictContext;

  constructor(
    public input: unknown,
    timeout: number,
    log: CallLog,
  ) {
    super(performance.now() + timeout);
    this.context = new TaskContext(this, {
      requestId: 'warm-up',
      headers: {},
      params: {},
      query: {},
      log,
    });
  }
}
