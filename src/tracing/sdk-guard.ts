import { Logger } from '@nestjs/common';
import { messageOfThrown } from '../errors/index.js';
import { logText } from '../logging/index.js';

/** Milliseconds between two lines about a broken SDK, which would else be one for every call. */
const COMPLAINT_INTERVAL = 60_000;
/** Characters of an error that are logged. */
const LONGEST_MESSAGE = 300;

let nextComplaint = 0;

/**
 * Asks the SDK of the app for something. A sampler, a processor or a propagator that throws costs a call its
 * place in a trace, and nothing else: then there is no answer.
 */
export function guarded<T>(ask: () => T): T | undefined {
  try {
    return ask();
  } catch (error) {
    complain(error);
    return undefined;
  }
}

function complain(error: unknown): void {
  const now = performance.now();
  if (now < nextComplaint) return;
  nextComplaint = now + COMPLAINT_INTERVAL;
  new Logger('ModelServingTracing').warn(
    `The OpenTelemetry SDK failed, calls are served without it: ${logText(messageOfThrown(error), LONGEST_MESSAGE)}`,
  );
}
