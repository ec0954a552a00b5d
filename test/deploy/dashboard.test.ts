import { describe, expect, test } from 'vitest';
import { read } from '../docs/pages.js';
import { DASHBOARD, QUERIES } from './dashboard.js';
import { DEPLOY, readDocument, type Document } from './documents.js';
import { readFileSync } from 'node:fs';

/** As the table of the metrics' page lists them, in its first column. */
const EXPORTED = [...read('docs/metrics.md').prose.matchAll(/^\| `model_serving_[^|]*/gm)].flatMap(
  ([cell]) => cell.match(/model_serving_\w+/g)!,
);

/** Metrics of ours that a text names, without what histograms add. */
function named(text: string): string[] {
  const names = text.match(/model_serving_\w+/g) ?? [];
  const own = names.map((name) => name.replace(/_(bucket|sum|count)$/, ''));
  return [...new Set(own)];
}

const panels = DASHBOARD.panels as Document[];

describe('the dashboard', () => {
  test('shows every metric that is documented, and no other', () => {
    const shown = named(JSON.stringify(panels.map(({ targets }) => targets as unknown)));
    expect(shown.toSorted()).toEqual(EXPORTED.toSorted());
  });

  test('has panels with a title, a description, a unit and a place of their own', () => {
    const drawn = panels.filter(({ type }) => type !== 'row');
    expect(
      drawn.filter(({ description, fieldConfig }) => !description || !fieldConfig.defaults.unit),
    ).toEqual([]);
    const unique = (values: unknown[]) => new Set(values).size;
    expect(unique(panels.map(({ id }) => id as number))).toBe(panels.length);
    expect(unique(drawn.map(({ title }) => title as string))).toBe(drawn.length);
    const cells = panels.flatMap(({ gridPos: { x, y, w, h } }) =>
      Array.from({ length: w * h }, (_, k) => `${x + (k % w)},${y + Math.floor(k / w)}`),
    );
    expect(unique(cells)).toBe(cells.length);
  });

  test('asks the source that is chosen, by variables that there are', () => {
    const names = (DASHBOARD.templating.list as Document[]).map(({ name }) => `$${name}`);
    const used = JSON.stringify(panels).match(/\$\{?\w+/g) ?? [];
    const known = [...names, '$__rate_interval'];
    expect(
      used.map((name) => name.replace('{', '')).filter((name) => !known.includes(name)),
    ).toEqual([]);
    expect(QUERIES.length).toBeGreaterThan(25);
  });
});

test.each([
  'prometheus/alerts.yaml',
  'kubernetes/base/scaledobject.yaml',
  'kubernetes/jobs/worker-scaledobject.yaml',
  'kubernetes/kserve/inferenceservice.yaml',
])('%s names metrics that there are', (path) => {
  expect(readDocument(path)).toBeDefined();
  const names = named(readFileSync(`${DEPLOY}/${path}`, 'utf8'));
  expect(names.filter((name) => !EXPORTED.includes(name))).toEqual([]);
});

test('a name that is none is found', () => {
  expect(EXPORTED).not.toContain(named('sum(model_serving_inflight)')[0]);
});
