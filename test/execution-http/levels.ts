import { expect } from 'vitest';
import type { RunningApp } from '../serving-app.js';
import { Scrape } from '../load/metrics.js';

interface Levels {
  in_flight?: number;
  queue_depth?: number;
}

const MOST_SCRAPES = 2_000;

/** Waits until the gauges of an app show these levels; vitest's own polls would move a stopped clock. */
export async function levelsAre(app: RunningApp, levels: Levels): Promise<void> {
  let found: Levels = {};
  for (let i = 0; i < MOST_SCRAPES; i++) {
    const scrape = await Scrape.of(app.url);
    found = Object.fromEntries(Object.keys(levels).map((name) => [name, scrape.sum(name)]));
    if (Object.entries(levels).every(([name, level]) => found[name as keyof Levels] === level))
      return;
  }
  expect(found).toEqual(levels);
}
