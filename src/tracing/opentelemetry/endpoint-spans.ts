import {
  context,
  INVALID_SPAN_CONTEXT,
  isSpanContextValid,
  ROOT_CONTEXT,
  trace,
  type Attributes,
  type Context,
  type Link,
  type Span,
  type SpanOptions,
  type Tracer,
} from '@opentelemetry/api';
import type { TracedBatch } from '../../execution/index.js';
import type {
  CallTrace,
  EndpointTracing,
  TracedCall,
  TracedModel,
  TraceIds,
} from '../endpoint-tracing.js';
import { guarded } from '../sdk-guard.js';
import { ATTRIBUTE, modelAttributes } from './attributes.js';
import { CallSpan, idsOf } from './call-span.js';
import { failSpan } from './failed-span.js';
import { nameRoute } from './server-span.js';

/** The spans of one endpoint's calls, and of its batches. */
export class EndpointSpans implements EndpointTracing {
  readonly #tracer: Tracer;
  readonly #attributes: Attributes;

  constructor(tracer: Tracer, model: TracedModel) {
    this.#tracer = tracer;
    this.#attributes = modelAttributes(model);
  }

  begin({ requestId, job }: TracedCall, at?: number): CallTrace {
    const parent = context.active();
    const attributes: Attributes = { ...this.#attributes, [ATTRIBUTE.requestId]: requestId };
    if (job !== undefined) {
      attributes[ATTRIBUTE.jobId] = job.id;
      attributes[ATTRIBUTE.jobAttempt] = job.attempt;
    }
    const span = this.#startSpan('predict', { attributes, startTime: at }, parent);
    return new CallSpan(span, parent);
  }

  /** A trace of its own: a span has one parent, and none of the members' is the others'. */
  async runBatch<T>({ traces, size, reason }: TracedBatch, run: () => Promise<T>): Promise<T> {
    // Of several inputs of one call, the call is the member.
    const calls = [...new Set(traces as readonly CallSpan[])];
    const members = calls.filter(({ place }) => isSpanContextValid(place));
    // A warm-up, or where the app has turned traces off: nobody's trace leads here.
    if (members.length === 0) return run();
    const attributes: Attributes = { ...this.#attributes, [ATTRIBUTE.batchSize]: size };
    if (reason !== undefined) attributes[ATTRIBUTE.batchReason] = reason;
    const links = members.map((member): Link => member.linkFrom('member'));
    const span = this.#startSpan('predict batch', { attributes, links }, ROOT_CONTEXT);
    for (const member of members) member.linkTo(span.spanContext(), 'batch');
    try {
      return await context.with(trace.setSpan(ROOT_CONTEXT, span), run);
    } catch (error) {
      guarded(() => failSpan(span, error));
      throw error;
    } finally {
      guarded(() => span.end());
    }
  }

  nameRoute(route: string, instead?: string): void {
    guarded(() => nameRoute(route, instead));
  }

  idsOf(call: CallTrace | undefined): TraceIds | undefined {
    const own = call as CallSpan | undefined;
    const isElsewhere = own !== undefined && !own.isActive;
    const place = isElsewhere ? own.place : trace.getActiveSpan()?.spanContext();
    return place && idsOf(place);
  }

  /** Where the SDK makes none, what is below the span is below its parent. */
  #startSpan(name: string, options: SpanOptions, parent: Context): Span {
    return (
      guarded(() => this.#tracer.startSpan(name, options, parent)) ??
      trace.wrapSpanContext(trace.getSpanContext(parent) ?? INVALID_SPAN_CONTEXT)
    );
  }
}
