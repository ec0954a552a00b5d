import { expect, vi } from 'vitest';
import type { RunningApp } from '../serving-app.js';
import { Scrape } from '../load/metrics.js';

interface Levels {
  in_flight?: number;
  queue_depth?: number;
}

/** Waits until the gauges of an app show these levels. */
export async function levelsAre(app: RunningApp, levels: Levels): Promise<void> {
  await vi.waitFor(
    async () => {
      const scrape = await Scrape.of(app.url);
      for (const [name, level] of Object.entries(levels))
        expect(scrape.sum(name), name).toBe(level);
    },
    { interval: 5, timeout: 5_000 },
  );
}
