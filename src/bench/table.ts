import { digits, milliseconds, percent } from './figures.js';
import { isLate, isShortOfConnections, type Step } from './step.js';

const HEAD = ['rate/s', 'requests', 'goodput/s', 'p50 ms', 'p99 ms', 'p99.9 ms', 'kept'];

/** All steps, by rising rates. */
export function tableOf(steps: readonly Step[]): string {
  const rows = [...steps].sort((a, b) => a.rate - b.rate).map(rowOf);
  const widths = HEAD.map((head, column) =>
    Math.max(head.length, ...rows.map((row) => row[column]!.length)),
  );
  const last = HEAD.length - 1;
  return [HEAD, ...rows]
    .map((row) =>
      row
        .map((cell, column) => (column === last ? cell : cell.padStart(widths[column]!)))
        .join('  '),
    )
    .join('\n');
}

function rowOf(step: Step): string[] {
  const latency = (value: number | null): string => (value === null ? '-' : digits(value));
  return [
    digits(step.rate),
    String(step.requests),
    digits(step.goodput),
    latency(step.p50),
    latency(step.p99),
    latency(step.p999),
    wordsOf(step),
  ];
}

/** What became of a rate, in words. */
export function wordsOf(step: Step): string {
  const { verdict, drift, lateness, requests, good, failures } = step;
  const counts = Object.entries(failures).map(([name, count]) => `${name}: ${count}`);
  const failed = `${percent((requests - good) / Math.max(1, requests))} failed (${counts.join(', ')})`;
  const besides = counts.length === 0 ? '' : `; ${failed}`;
  const own = isLate(step) ? `; sent up to ${milliseconds(lateness)} late` : '';
  switch (verdict) {
    case 'kept':
      return `yes${besides}${own}`;
    case 'failures':
      return `no: ${failed}${own}`;
    case 'backlog':
      return `no: behind by ${percent(drift)}${besides}${own}`;
    case 'connections':
      return `no: too many under way${besides}`;
    case 'generator':
      return isShortOfConnections(step)
        ? `unknown: ${failed}`
        : `unknown: this process was ${milliseconds(lateness)} late${besides}`;
    case 'interrupted':
      return `interrupted${besides}`;
  }
}
