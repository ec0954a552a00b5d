import { context, createContextKey, SpanKind, trace, type Span } from '@opentelemetry/api';
import { ATTRIBUTE } from './attributes.js';

/** Where the instrumentation of `node:http` and those of frameworks leave word of a request's route. */
const RPC_METADATA = createContextKey('OpenTelemetry SDK Context Key RPC_METADATA');

interface RpcMetadata {
  readonly type: string;
  readonly span?: Span;
  route?: string;
}

/** What spans of the usual SDK show besides what the interface promises. */
interface ReadableSpan {
  readonly kind?: SpanKind;
  readonly attributes?: Readonly<Record<string, unknown>>;
}

/**
 * Names a route to the span of the request that is served, which no framework's instrumentation does where
 * no framework sees the request. One that has been named stays, unless it is `instead`.
 */
export function nameRoute(route: string, instead: string | undefined): void {
  const metadata = context.active().getValue(RPC_METADATA) as RpcMetadata | undefined;
  if (metadata?.type === 'http') {
    // The span's name is made of it, too, when the answer has been sent.
    if (metadata.route === undefined || metadata.route === instead) metadata.route = route;
    return;
  }
  const span = trace.getActiveSpan();
  if (span === undefined) return;
  const { kind, attributes } = span as ReadableSpan;
  const named = attributes?.[ATTRIBUTE.route];
  const isServer = kind === undefined || kind === SpanKind.SERVER;
  if (isServer && (named === undefined || named === instead)) {
    span.setAttribute(ATTRIBUTE.route, route);
  }
}
