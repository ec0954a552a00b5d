import type { MetricObjectWithValues, MetricValue } from 'prom-client';
import type { DrainOptions } from '../lifecycle/drain.js';
import type { FleetState } from './fleet-state.js';
import type { Service } from './service.js';

/** Every metric of one process, as prom-client's `register.getMetricsAsJSON()` gives them. */
export type MetricsSnapshot = readonly MetricObjectWithValues<MetricValue<string>>[];

export type FromWorker =
  /** The worker hears from now on; what was sent before is lost. */
  | { readonly kind: 'joined' }
  /** A beat of the worker's heart. */
  | { readonly kind: 'alive' }
  | { readonly kind: 'listening'; readonly service: Service }
  | { readonly kind: 'ready'; readonly ready: boolean }
  /** The content type is the one that the worker's registry has. */
  | { readonly kind: 'metrics-wanted'; readonly id: number; readonly contentType: string }
  | { readonly kind: 'snapshot'; readonly id: number; readonly metrics: MetricsSnapshot }
  /** The worker has stopped listening. */
  | { readonly kind: 'deaf' }
  /** The counts of a worker that has drained and is about to exit. */
  | { readonly kind: 'farewell'; readonly metrics: MetricsSnapshot };

export type FromPrimary =
  | { readonly kind: 'fleet'; readonly state: FleetState }
  | { readonly kind: 'snapshot-wanted'; readonly id: number }
  | { readonly kind: 'metrics'; readonly id: number; readonly text: string }
  /** The port is closed, or there are others who listen: clients may be told to leave. */
  | { readonly kind: 'hang-up' }
  | { readonly kind: 'drain'; readonly options: Partial<DrainOptions> };

/** The key that tells these messages from others on the same channel. */
const KEY = 'nestjs-model-serving';

export function seal(message: FromWorker | FromPrimary): object {
  return { [KEY]: message };
}

/** The message inside, or `undefined` for somebody else's. */
export function unseal<Message extends FromWorker | FromPrimary>(
  sealed: unknown,
): Message | undefined {
  if (typeof sealed !== 'object' || sealed === null) return undefined;
  return (sealed as Record<string, Message | undefined>)[KEY];
}
