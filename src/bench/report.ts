import { digits, milliseconds } from './figures.js';
import { findingsOf, tellingStep, type Finding } from './findings.js';
import type { LoadTest, SeenStep } from './load-test.js';
import { isLate, isShortOfConnections } from './step.js';
import { firstLost, kneeOf } from './rates.js';
import { tableOf, wordsOf } from './table.js';

/** What a measurement found, as `--json` prints it. */
export interface Report {
  readonly url: string;
  /** What an answer takes where nothing else is asked, in milliseconds. */
  readonly alone: number;
  readonly steps: readonly SeenStep[];
  /** The highest rate that was kept; null where none was. */
  readonly knee: number | null;
  /** The lowest rate that the server did not keep; null where it kept all. */
  readonly lost: number | null;
  /** Whether this process, and not the server, ended the search. */
  readonly isGeneratorLate: boolean;
  readonly metrics: { readonly url: string; readonly problem?: string };
  readonly findings: readonly Finding[];
}

export function reportOf(url: string, { alone, steps, metrics }: LoadTest): Report {
  const telling = tellingStep(steps);
  const nothing = 'they have no model endpoint';
  const problem = telling?.server ? undefined : (metrics.problem ?? (telling && nothing));
  return {
    url,
    alone,
    steps,
    knee: kneeOf(steps)?.rate ?? null,
    lost: firstLost(steps)?.rate ?? null,
    isGeneratorLate: steps.some(({ verdict }) => verdict === 'generator'),
    metrics: { url: metrics.url, problem },
    findings: telling ? findingsOf(telling) : [],
  };
}

/** A report as one reads it. */
export function textOf(report: Report): string {
  const { steps, findings, metrics } = report;
  if (steps.length === 0) return 'Nothing was measured.\n';
  const parts = [aloneIn(report), tableOf(steps), kneeIn(report)];
  const telling = tellingStep(steps);
  if (!telling) return `${parts.join('\n\n')}\n`;
  const first = Object.entries(telling.words).map(([name, words]) => `  ${name}: ${words}`);
  if (first.length > 0)
    parts.push(`The first failures at ${digits(telling.rate)}/s:\n${first.join('\n')}`);
  if (metrics.problem !== undefined) {
    parts.push(`What the server says is unknown: ${metrics.url}: ${metrics.problem}.`);
  } else if (findings.length > 0) {
    const lines = findings.map(({ part, says, next }) => {
      return `  ${part}: ${says}${next === undefined ? '' : `\n    try next: ${next}`}`;
    });
    const server = telling.server!;
    parts.push(`What ${server.endpoint} says of ${digits(telling.rate)}/s:\n${lines.join('\n')}`);
  } else {
    parts.push(`The server's metrics name nothing that held it back at ${digits(telling.rate)}/s.`);
  }
  return `${parts.join('\n\n')}\n`;
}

/** Of the time that an answer takes a step is to last, so that most of its answers come within it. */
const LEAST_STEP = 4;

function aloneIn({ alone, steps }: Report): string {
  const says = `An answer takes ${milliseconds(alone)} where nothing else is asked.`;
  const least = (alone * LEAST_STEP) / 1_000;
  if (steps.every(({ seconds }) => seconds >= least)) return says;
  return `${says} Steps are too short to show it: try --duration ${Math.ceil(least)}.`;
}

const GENERATOR =
  'This process could not keep its own times: run it on another machine, or with less beside it.';
const CONNECTIONS =
  'This machine could not open the connections: allow it more (ulimit -n), or fewer by --connections.';
const OWN_PART = 'This process was late as well: with less beside it the server may keep more.';

function kneeIn({ steps, knee, lost, isGeneratorLate }: Report): string {
  const kept = steps.find(({ rate }) => rate === knee);
  const p99 = kept?.p99 ?? null;
  const how = p99 === null ? '' : ` (p99 ${milliseconds(p99)})`;
  const parts = [
    kept ? `${digits(kept.rate)} requests a second were kept${how}.` : 'No rate was kept.',
  ];
  if (lost !== null) {
    const step = steps.find(({ rate, verdict }) => rate === lost && verdict !== 'kept')!;
    const why = wordsOf(step).replace(/^no: /, '');
    parts.push(`${digits(lost)} were not: ${why}.`);
    if (isLate(step)) parts.push(OWN_PART);
  } else if (steps.every(({ verdict }) => verdict === 'kept')) {
    parts.push('The knee is higher than that: try higher --rates.');
  }
  if (steps.some(isShortOfConnections)) parts.push(CONNECTIONS);
  else if (isGeneratorLate) parts.push(GENERATOR);
  return parts.join(' ');
}
