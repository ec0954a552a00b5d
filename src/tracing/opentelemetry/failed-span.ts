import { SpanStatusCode, type Span } from '@opentelemetry/api';
import { isError, messageOfThrown } from '../../errors/index.js';

/**
 * Marks a span as failed by what was thrown, whatever that is.
 *
 * @param at when that was, on the clock of `performance.now()`; now, if left out
 */
export function failSpan(
  span: Span,
  thrown: unknown,
  message = messageOfThrown(thrown),
  at?: number,
): void {
  span.setStatus({ code: SpanStatusCode.ERROR, message });
  span.recordException(isError(thrown) ? thrown : message, at);
}
