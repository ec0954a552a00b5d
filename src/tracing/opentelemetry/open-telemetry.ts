import { trace } from '@opentelemetry/api';
import type { EndpointTracing, TracedModel, Tracing } from '../endpoint-tracing.js';
import { EndpointSpans } from './endpoint-spans.js';

/** Traces by OpenTelemetry: spans of whatever SDK the app has registered. */
export class OpenTelemetry implements Tracing {
  readonly #tracer;

  constructor(version: string) {
    this.#tracer = trace.getTracer('nestjs-model-serving', version);
  }

  /** Whether the API finds an SDK: none that an older copy of it has registered. */
  static finds(sdk: object): boolean {
    return trace.getTracerProvider() === sdk;
  }

  forEndpoint(model: TracedModel): EndpointTracing {
    return new EndpointSpans(this.#tracer, model);
  }
}
