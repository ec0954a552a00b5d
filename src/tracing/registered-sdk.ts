import type { Context, TextMapPropagator } from '@opentelemetry/api';
import { guarded } from './sdk-guard.js';

/** What an OpenTelemetry SDK registers for a process, as every copy of @opentelemetry/api 1 finds it. */
interface RegisteredSdk {
  /** That of the copy that registered it. */
  readonly version?: string;
  readonly trace?: object;
  readonly propagation?: TextMapPropagator<Carrier>;
  readonly context?: {
    active(): Context;
    with<T>(context: Context, fn: () => T): T;
  };
}

/** A place in a trace that travels as text: `traceparent` and what else the app's propagator writes. */
export type Carrier = Record<string, string>;

/** It is asked for without loading a package: most apps have none. */
export function registeredSdk(): RegisteredSdk | undefined {
  return (globalThis as Record<symbol, RegisteredSdk | undefined>)[
    Symbol.for('opentelemetry.js.api.1')
  ];
}

/** The active place in a trace, to be sent along with work for another thread or process. */
export function carryContext(): Carrier | undefined {
  const { context, propagation } = registeredSdk() ?? {};
  if (context === undefined || propagation === undefined) return undefined;
  return guarded(() => {
    const carrier: Carrier = {};
    propagation.inject(context.active(), carrier, SETTER);
    return carrier;
  });
}

/** Calls `fn` in the place that came along with its work. */
export function inCarriedContext<T>(carrier: Carrier | undefined, fn: () => T): T {
  const { context, propagation } = registeredSdk() ?? {};
  if (carrier === undefined || context === undefined || propagation === undefined) return fn();
  const here = context.active();
  return context.with(guarded(() => propagation.extract(here, carrier, GETTER)) ?? here, fn);
}

const SETTER = {
  set(carrier: Carrier, name: string, value: string): void {
    carrier[name] = value;
  },
};

const GETTER = {
  get: (carrier: Carrier, name: string) => carrier[name],
  keys: (carrier: Carrier) => Object.keys(carrier),
};
