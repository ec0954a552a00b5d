import {
  context,
  createContextKey,
  isSpanContextValid,
  SpanStatusCode,
  trace,
  TraceFlags,
  type Context,
  type Link,
  type Span,
  type SpanContext,
} from '@opentelemetry/api';
import type { CallEnd, CallTrace, TraceIds } from '../endpoint-tracing.js';
import { guarded } from '../sdk-guard.js';
import { ATTRIBUTE } from './attributes.js';
import { failSpan } from './failed-span.js';

/** Whose part something is. */
const CALL = createContextKey('nestjs-model-serving: the span of a call');

/** What a link leads to, as its own span sees it. */
type Linked = 'batch' | 'member' | 'leader';

/** The span `predict` of one call. */
export class CallSpan implements CallTrace {
  readonly #span: Span;
  readonly #context: Context;
  #answeredAt: number | undefined;
  #isQueued = false;
  #hasStarted = false;
  #isOver = false;

  constructor(span: Span, parent: Context) {
    this.#span = span;
    this.#context = trace.setSpan(parent, span).setValue(CALL, this);
  }

  get place(): SpanContext {
    return this.#span.spanContext();
  }

  get sampled(): TraceIds | undefined {
    const { place } = this;
    return (place.traceFlags & TraceFlags.SAMPLED) === 0 ? undefined : idsOf(place);
  }

  /** Whether what is active is a part of the call. */
  get isActive(): boolean {
    return context.active().getValue(CALL) === this;
  }

  run<Args extends unknown[], T>(fn: (...args: Args) => T, ...args: Args): T {
    return context.with(this.#context, fn, undefined, ...args);
  }

  queued(): void {
    if (this.#hasStarted || this.#isQueued) return;
    this.#isQueued = true;
    this.#tell((span) => span.addEvent('queued'));
  }

  /** Of a call with several inputs it tells of the first. */
  started(waited: number): void {
    if (this.#hasStarted) return;
    this.#hasStarted = true;
    this.#tell((span) => {
      span.addEvent('started');
      span.setAttribute(ATTRIBUTE.queueDuration, waited / 1000);
    });
  }

  joined(other: CallSpan): void {
    // Another input of the same call may have it under way.
    if (other !== this) this.linkTo(other.place, 'leader');
  }

  linkTo(place: SpanContext, linked: Linked): void {
    if (!isSpanContextValid(place)) return;
    // SDKs from before the interface had it make spans without.
    this.#tell((span) => span.addLink?.(linkTo(place, linked)));
  }

  linkFrom(linked: Linked): Link {
    return linkTo(this.place, linked);
  }

  answered(): void {
    this.#answeredAt = performance.now();
  }

  end({ outcome, cache, failure }: CallEnd): void {
    this.#tell((span) => {
      span.setAttribute(ATTRIBUTE.outcome, outcome);
      if (cache !== undefined) span.setAttribute(ATTRIBUTE.cache, cache);
      if (failure !== undefined) this.#fail(span, outcome, failure);
    });
    this.#isOver = true;
    guarded(() => this.#span.end(this.#answeredAt));
  }

  #fail(span: Span, outcome: CallEnd['outcome'], failure: NonNullable<CallEnd['failure']>): void {
    const { code, reason, isFault, cause } = failure;
    span.setAttribute(ATTRIBUTE.errorType, code);
    if (outcome === 'rejected') span.addEvent('rejected', { reason }, this.#answeredAt);
    if (!isFault) return;
    if (cause === undefined) span.setStatus({ code: SpanStatusCode.ERROR, message: reason });
    else failSpan(span, cause, reason, this.#answeredAt);
  }

  /** A handler may go on when its call is over; and what is not sampled has no use for the rest. */
  #tell(tell: (span: Span) => void): void {
    const span = this.#span;
    if (!this.#isOver && span.isRecording()) guarded(() => tell(span));
  }
}

/** A place by the names that others have for it; none where the app has turned traces off around the call. */
export function idsOf(place: SpanContext): TraceIds | undefined {
  if (!isSpanContextValid(place)) return undefined;
  return { trace_id: place.traceId, span_id: place.spanId };
}

function linkTo(place: SpanContext, linked: Linked): Link {
  return { context: place, attributes: { [ATTRIBUTE.linked]: linked } };
}
