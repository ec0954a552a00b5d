import { spawnSync } from 'node:child_process';
import { describe, expect, test } from 'vitest';
import { read } from '../docs/pages.js';
import { DEPLOY, readDocument, type Document } from './documents.js';

const missing =
  spawnSync('promtool', ['--version']).error === undefined ? '' : 'promtool is not installed';

const { groups } = readDocument('prometheus/alerts.yaml') as { groups: Document[] };
const ALERTS = groups.flatMap(({ rules }) => rules as Document[]);

interface RuleTest {
  readonly alert_rule_test: readonly {
    readonly alertname: string;
    readonly exp_alerts: readonly unknown[];
  }[];
}

function promtool(...args: string[]): { status: number | null; output: string } {
  const { status, stdout, stderr } = spawnSync('promtool', args, {
    cwd: `${DEPLOY}/prometheus`,
    encoding: 'utf8',
  });
  return { status, output: stdout + stderr };
}

describe.skipIf(missing)(`promtool ${missing}`, () => {
  test.each([
    ['check', 'rules', 'alerts.yaml'],
    ['test', 'rules', 'alerts.test.yaml'],
    ['check', 'config', 'prometheus.yaml'],
  ])('%s %s %s', (...args) => {
    const { status, output } = promtool(...args);
    expect(status, output).toBe(0);
  });
});

describe.each(ALERTS)('$alert', ({ alert, annotations }) => {
  test('is seen firing and not firing', () => {
    const { tests } = readDocument('prometheus/alerts.test.yaml') as { tests: RuleTest[] };
    const seen = tests.flatMap(({ alert_rule_test }) => alert_rule_test);
    const own = seen.filter(({ alertname }) => alertname === alert);
    expect(own.some(({ exp_alerts }) => exp_alerts.length > 0)).toBe(true);
    expect(own.some(({ exp_alerts }) => exp_alerts.length === 0)).toBe(true);
  });

  test('has a runbook that says what it means, why it may be and what to do', () => {
    const [page, anchor] = (annotations.runbook_url as string).split('#');
    const [, section] = read(page!).prose.split(new RegExp(`^#+ ${alert}\\n`, 'm'));
    expect(anchor).toBe((alert as string).toLowerCase());
    const [text] = (section ?? '').split(/^#/m);
    expect(text!.trim().split(/\s+/).length).toBeGreaterThan(40);
  });
});

test('the operator of Prometheus gets the same rules', () => {
  expect(readDocument('kubernetes/base/prometheusrule.yaml').spec).toEqual({ groups });
});
