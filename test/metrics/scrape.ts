import { expect, vi } from 'vitest';
import type { RunningApp } from '../serving-app.js';

export interface Sample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

/** What a scrape shows. */
export class Scrape {
  readonly samples: readonly Sample[];

  constructor(readonly text: string) {
    this.samples = text
      .split('\n')
      .filter((line) => line !== '' && !line.startsWith('#'))
      .map(parseLine);
  }

  /** Samples of a name whose labels hold all of `labels`. */
  select(name: string, labels: Record<string, string> = {}): Sample[] {
    return this.samples.filter(
      (sample) =>
        sample.name === name &&
        Object.entries(labels).every(([label, value]) => sample.labels[label] === value),
    );
  }

  /** Their sum; 0 where there are none. */
  sum(name: string, labels: Record<string, string> = {}): number {
    return this.select(name, labels).reduce((sum, { value }) => sum + value, 0);
  }

  /** By the value of one label, those that are not 0. */
  by(label: string, name: string, labels: Record<string, string> = {}): Record<string, number> {
    const counts: Record<string, number> = {};
    for (const { labels: own, value } of this.select(name, labels)) {
      if (value !== 0) counts[own[label]!] = (counts[own[label]!] ?? 0) + value;
    }
    return counts;
  }

  outcomes(endpoint: string): Record<string, number> {
    return this.by('outcome', 'model_serving_requests_total', { endpoint });
  }

  /** Answers by status, as the duration histogram counts them. */
  statuses(endpoint: string): Record<string, number> {
    return this.by('status', 'model_serving_request_duration_seconds_count', { endpoint });
  }

  lookups(endpoint: string): Record<string, number> {
    return this.by('result', 'model_serving_cache_requests_total', { endpoint });
  }
}

function parseLine(line: string): Sample {
  const [, name, labels = '', value] = /^(\w+)(?:\{(.*)\})? (\S+)$/.exec(line)!;
  const pairs = [...labels.matchAll(/(\w+)="((?:[^"\\]|\\.)*)"/g)];
  return {
    name: name!,
    labels: Object.fromEntries(pairs.map(([, label, text]) => [label, text])),
    value: Number(value),
  };
}

export async function scrape(app: RunningApp, path = '/__metrics'): Promise<Scrape> {
  const { status, body } = await app.get(path);
  expect(status).toBe(200);
  return new Scrape(body);
}

/** Scrapes when no request is in flight any more: each is counted when its response closes. */
export function scrapeAtRest(app: RunningApp): Promise<Scrape> {
  return scrapeWhen(app, (found) => expect(found.sum('model_serving_in_flight')).toBe(0));
}

/** Scrapes until what is expected shows. */
export function scrapeWhen(app: RunningApp, holds: (found: Scrape) => void): Promise<Scrape> {
  return vi.waitFor(
    async () => {
      const found = await scrape(app);
      holds(found);
      return found;
    },
    { timeout: 15_000, interval: 10 },
  );
}
