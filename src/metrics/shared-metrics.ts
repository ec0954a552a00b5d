import type { Outcome } from '../errors/index.js';
import type { BatchReason } from '../execution/index.js';
import type { TraceIds } from '../tracing/index.js';
import type { CacheResult, EndpointMetrics } from './endpoint-metrics.js';

/** Tells several listeners of what happens at one endpoint. */
export class SharedMetrics implements EndpointMetrics {
  readonly listeners: readonly EndpointMetrics[];

  constructor(listeners: readonly EndpointMetrics[]) {
    this.listeners = listeners;
  }

  settled(outcome: Outcome): void {
    for (const listener of this.listeners) listener.settled(outcome);
  }

  answered(method: string, status: number, ms: number, place?: TraceIds): void {
    for (const listener of this.listeners) listener.answered(method, status, ms, place);
  }

  cacheLookup(result: CacheResult): void {
    for (const listener of this.listeners) listener.cacheLookup(result);
  }

  invalid(direction: 'request' | 'response'): void {
    for (const listener of this.listeners) listener.invalid(direction);
  }

  queued(ms: number): void {
    for (const listener of this.listeners) listener.queued(ms);
  }

  inferred(ms: number, items: number, failed: boolean): void {
    for (const listener of this.listeners) listener.inferred(ms, items, failed);
  }

  batched(size: number, reason: BatchReason): void {
    for (const listener of this.listeners) listener.batched(size, reason);
  }

  firstItem(ms: number): void {
    for (const listener of this.listeners) listener.firstItem(ms);
  }

  item(): void {
    for (const listener of this.listeners) listener.item();
  }
}
