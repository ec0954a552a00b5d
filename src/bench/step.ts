import { isGood, type Ending } from './sender.js';
import { median, quantile } from './quantile.js';

/** One request, in milliseconds of `performance.now()`. */
export interface Asked {
  /** When it was to go out. */
  readonly due: number;
  readonly sent: number;
  readonly ended: number;
  readonly ending: Ending;
}

/** What a step was to be. */
export interface StepPlan {
  /** Requests a second. */
  readonly rate: number;
  readonly seconds: number;
  /** How late a good answer may be, milliseconds. */
  readonly within: number;
}

/**
 * What can be said of a rate: it was kept; requests failed or were late; they came faster than answers, so
 * that the wait grew; too many were under way at once; or the command's own process was late, so that
 * nothing can be said of the server.
 */
export type Verdict = 'kept' | 'failures' | 'backlog' | 'connections' | 'generator' | 'interrupted';

/** Answers to one rate. Times are milliseconds from when a request was due, whenever it went out. */
export interface Step {
  readonly rate: number;
  readonly seconds: number;
  readonly requests: number;
  /** Good answers within the time that was set. */
  readonly good: number;
  /** The same a second, in the second half of the step, when answers come as steadily as they will. */
  readonly goodput: number;
  /** Null where there were too few requests for it. */
  readonly p50: number | null;
  readonly p99: number | null;
  readonly p999: number | null;
  /** By outcome; `late` are good answers that came too late. */
  readonly failures: Readonly<Record<string, number>>;
  /** What was said with the first failure of each outcome. */
  readonly words: Readonly<Record<string, string>>;
  /** The share of requests by which the server fell behind: how much the wait grew, or what was unanswered. */
  readonly drift: number;
  /** How late requests went out, 99th percentile. */
  readonly lateness: number;
  readonly verdict: Verdict;
}

/** Of all requests of a rate that is kept. */
const GOOD_SHARE = 0.99;
/** By which a server may fall behind and still keep a rate. */
const MOST_DRIFT = 0.05;
/** Timers are coarse: less than this is nobody's fault, milliseconds. */
const TIMER_GRAIN = 10;
/** Connections that this machine, and not the server, could not open. */
const OWN_FAILURES = ['EMFILE', 'ENFILE', 'EADDRNOTAVAIL', 'ENOBUFS'];
/** How requests end for which there is no room, as there may be none where too many go out at once. */
const OF_A_BURST = ['429', '503', '504', 'timeout', 'late'];

/**
 * @param began when the first request was due
 * @param asked in the order in which they were due
 * @param ending why it ended before its time, if it did
 */
export function stepOf(
  { rate, seconds, within }: StepPlan,
  began: number,
  asked: readonly Asked[],
  ending?: 'connections' | 'interrupted',
): Step {
  const isWithin = ({ due, ended }: Asked): boolean => ended - due <= within;
  const good = asked.filter((one) => isGood(one.ending.outcome) && isWithin(one));
  const latencies = Float64Array.from(asked, ({ due, ended }) => ended - due).sort();
  const failures: Record<string, number> = {};
  const words: Record<string, string> = {};
  for (const { due, ended, ending: { outcome, words: said } } of asked) {
    if (isGood(outcome) && ended - due <= within) continue;
    const failure = isGood(outcome) ? 'late' : outcome;
    failures[failure] = (failures[failure] ?? 0) + 1;
    words[failure] ??= failure === 'late' ? `after more than ${within} ms` : said;
  } // prettier-ignore
  const end = ending ? (asked.at(-1)?.due ?? began) : began + seconds * 1_000;
  const half = (began + end) / 2;
  const figures = {
    rate,
    seconds,
    requests: asked.length,
    good: good.length,
    goodput: rateOf(good.filter(({ ended }) => ended >= half && ended < end).length, end - half),
    p50: quantile(latencies, 0.5),
    p99: quantile(latencies, 0.99),
    p999: quantile(latencies, 0.999),
    failures,
    words,
    drift: driftOf(asked, rate),
    lateness: worst(asked.map(({ due, sent }) => sent - due)),
  };
  return { ...figures, verdict: verdictOf(figures, latencies, ending) };
}

function verdictOf(
  step: Omit<Step, 'verdict'>,
  latencies: Float64Array,
  ending?: 'connections' | 'interrupted',
): Verdict {
  const { requests, good, drift, failures } = step;
  const isGoodEnough = good >= requests * GOOD_SHARE;
  if (ending === 'interrupted') return ending;
  if (!ending && isGoodEnough && drift <= MOST_DRIFT) return 'kept';
  if (isShortOfConnections(step)) return 'generator';
  const others = Object.entries(failures).filter(([failure]) => !OF_A_BURST.includes(failure));
  const broken = others.reduce((sum, [, count]) => sum + count, 0);
  if (broken > requests * (1 - GOOD_SHARE)) return 'failures';
  const slowest = quantile(latencies, 0.99) ?? latencies.at(-1) ?? 0;
  // Most of the time of the slowest requests was this process's own, which then sent many at once.
  if (isLate(step) && step.lateness > slowest / 2) return 'generator';
  return ending ?? (isGoodEnough ? 'backlog' : 'failures');
}

/** Whether it was this machine that opened too few connections. */
export function isShortOfConnections({ failures }: Pick<Step, 'failures'>): boolean {
  return OWN_FAILURES.some((code) => code in failures);
}

/** Whether requests went out late, by more than timers are anyway. */
export function isLate({ lateness }: Pick<Step, 'lateness'>): boolean {
  return lateness > TIMER_GRAIN;
}

/**
 * By Little's law the wait grows by as much as answers fall behind requests. It is seen between the second
 * and the last quarter of the requests, in medians, which a pause of either side does not move. Where a
 * server answers the latest first, most wait no longer than before: there it is how many are unanswered
 * that grows, by more than one, which is chance.
 */
function driftOf(asked: readonly Asked[], rate: number): number {
  const quarter = Math.floor(asked.length / 4);
  if (quarter === 0) return 0;
  const early = (values: readonly number[]): number => median(values.slice(quarter, 2 * quarter));
  const growth = (values: readonly number[]): number =>
    median(values.slice(-quarter)) - early(values);
  const dues = asked.map(({ due }) => due);
  const waits = asked.map(({ due, ended }) => ended - due);
  const drift = Math.max(0, growth(waits) / growth(dues));
  // Until the first answers come, unanswered requests grow whatever the rate.
  const shortest = waits.slice(quarter, 2 * quarter).reduce((a, b) => Math.min(a, b));
  if (shortest > dues[quarter]! - dues[0]!) return drift;
  const unanswered = (growth(unansweredAt(dues, asked)) - 1) * (1_000 / rate);
  return Math.max(drift, unanswered / growth(dues));
}

/** How many of the requests that were due before have no answer yet, at some times in rising order. */
function unansweredAt(times: readonly number[], asked: readonly Asked[]): number[] {
  const ends = asked.map(({ ended }) => ended).sort((a, b) => a - b);
  let answered = 0;
  return times.map((time, before) => {
    while (answered < ends.length && ends[answered]! <= time) answered++;
    return before - answered;
  });
}

/** A second, of so many in some milliseconds. */
function rateOf(count: number, milliseconds: number): number {
  return milliseconds > 0 ? (count * 1_000) / milliseconds : 0;
}

function worst(values: readonly number[]): number {
  const sorted = Float64Array.from(values).sort();
  return quantile(sorted, 0.99) ?? sorted.at(-1) ?? 0;
}
