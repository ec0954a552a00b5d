import type { Gauge } from 'prom-client';

/** An endpoint that can tell its level at any time; gauges read it when they are scraped. */
export interface GaugeSource {
  readonly route: string;
  readonly inFlight: number;
  readonly queueDepth: number;
}

/**
 * The endpoints of every app in this process. Gauges are read at the scrape instead of written on
 * every request: the levels are kept anyway, as plain numbers.
 */
class GaugeSources {
  readonly #sources = new Set<GaugeSource>();

  add(source: GaugeSource): void {
    this.#sources.add(source);
  }

  remove(source: GaugeSource): void {
    this.#sources.delete(source);
  }

  write(gauge: Gauge, level: (source: GaugeSource) => number): void {
    gauge.reset();
    for (const source of this.#sources) gauge.inc({ endpoint: source.route }, level(source));
  }
}

export const GAUGE_SOURCES = new GaugeSources();
