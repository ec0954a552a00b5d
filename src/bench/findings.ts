import { digits, milliseconds, percent, shares } from './figures.js';
import { firstLost } from './rates.js';
import type { SeenStep } from './load-test.js';
import type { ServerView } from './server-view.js';

/** What held the server back, or what makes its figures others than they seem. */
export interface Finding {
  readonly part: 'queue' | 'batch' | 'cache' | 'loop' | 'refusals' | 'timeouts' | 'outside';
  readonly says: string;
  /** The setting to try next; without one there is nothing to set. */
  readonly next?: string;
}

/** Above this the answers are the cache's more than the model's. */
const MOSTLY = 0.5;
/** The event loop computes, or waits for a processor: its timers are this late on average, milliseconds. */
const BUSY_LAG = 20;
/** One core is as good as full. */
const BUSY_CORE = 0.85;
/** Less than this of a core is not what keeps a process busy. */
const IDLE_CORE = 0.5;
/** A slot that is taken for this much of the time is as good as always taken. */
const FULL_SLOT = 0.85;
/** What a request may take on its way, milliseconds. */
const ON_THE_WAY = 50;
/** A queue holds a request back where the wait is this much of a run. */
const LONG_WAIT = 0.5;

/** The step that tells most: the first that the server did not keep, or else the highest that it kept. */
export function tellingStep(steps: readonly SeenStep[]): SeenStep | undefined {
  const kept = steps.filter(({ verdict }) => verdict === 'kept');
  return firstLost(steps) ?? kept.sort((a, b) => b.rate - a.rate)[0];
}

/** What the metrics of a step say, the gravest first. */
export function findingsOf(step: SeenStep): Finding[] {
  const { server } = step;
  if (!server) return [];
  return [cached, ofBatch, waiting, lagging, refused, late, outside].flatMap(
    (look) => look(server, step) ?? [],
  );
}

function cached({ cache }: ServerView): Finding | undefined {
  const all = Object.values(cache).reduce((sum, count) => sum + count, 0);
  const spared = ((cache['hit'] ?? 0) + (cache['coalesced'] ?? 0)) / all;
  if (!(spared > MOSTLY)) return undefined;
  return {
    part: 'cache',
    says: `${percent(spared)} of the requests were answered by the cache or shared an answer (${shares(cache)}): the figures are the cache's, not the model's`,
    next: "more bodies in --data, or --header 'cache-control: no-store'",
  };
}

function ofBatch({ batch, run, queue, ...server }: ServerView): Finding | undefined {
  if (!batch || !run) return undefined;
  const started = Object.values(batch.reasons).reduce((sum, count) => sum + count, 0);
  const share = (reason: string): number => (batch.reasons[reason] ?? 0) / started;
  const size = `batches of ${digits(batch.size)} on average (started: ${shares(batch.reasons)})`;
  if (share('full') > MOSTLY) {
    const next = `batch.maxSize twice as large, where a run (${milliseconds(run.mean)}) does not take twice as long`;
    return { part: 'batch', says: `${size}: most were full`, next };
  }
  const wait = queue?.mean ?? 0;
  if (share('delay') > MOSTLY && wait > run.mean * LONG_WAIT) {
    const says = `${size}: most waited for batch.maxDelay, requests ${milliseconds(wait)} on average`;
    return { part: 'batch', says, next: 'batch.maxDelay 0, or less of it' };
  }
  if (share('idle') > MOSTLY && batch.size < 1.5 && isLoopBusy(server)) {
    const says = `${size}: the model keeps the event loop busy, so that no second request is read before a batch starts`;
    return { part: 'batch', says, next: 'batch.maxDelay 1, or threads for the model' };
  }
  return undefined;
}

function waiting(server: ServerView, { rate }: SeenStep): Finding | undefined {
  const { queue, run, batch, runsAtOnce, cores = 0 } = server;
  if (!queue || !run || queue.mean < run.mean * LONG_WAIT) return undefined;
  // Not even one slot was always taken: what waited did so for a moment.
  if (runsAtOnce < FULL_SLOT) return undefined;
  const says =
    `requests waited ${milliseconds(queue.mean)} for a slot, where a run took ${milliseconds(run.mean)}; ` +
    `${digits(runsAtOnce)} ran at once, on ${digits(cores)} cores`;
  // What is said of the loop says what to do, too.
  if (isLoopBusy(server)) return { part: 'queue', says };
  if (cores > BUSY_CORE) {
    const instead = batch ? '' : ', or batch where the model is cheaper by the dozen';
    return {
      part: 'queue',
      says,
      next: `more threads or workers where the machine has idle cores${instead}`,
    };
  }
  // By Little's law, for the rate that was asked.
  const needed = Math.ceil((rate / (batch?.size ?? 1)) * (run.mean / 1_000));
  const slots = Math.max(needed, 2 * Math.ceil(runsAtOnce));
  return {
    part: 'queue',
    says: `${says}: the processor had time left`,
    next: `maxConcurrency ${slots}, if the model waits for something that takes that many; threads, if it computes`,
  };
}

function lagging(server: ServerView): Finding | undefined {
  const { loopLag = 0, run, cores, runsAtOnce } = server;
  if (!isLoopBusy(server)) return undefined;
  const says = `the event loop was ${milliseconds(loopLag)} late on average`;
  if (cores !== undefined && cores < IDLE_CORE) {
    return {
      part: 'loop',
      says: `${says}, with ${digits(cores)} cores used: other programs had the processor, or a limit of the container`,
      next: 'a processor of its own, or a higher limit',
    };
  }
  // What runs for a good part of the time computes there, or else reading and answering does.
  const isModel = run !== undefined && runsAtOnce > MOSTLY;
  return {
    part: 'loop',
    says,
    next: isModel ? 'threads for the model, then workers' : 'workers, one for each core',
  };
}

function refused({ outcomes, queue }: ServerView, { goodput }: SeenStep): Finding | undefined {
  const count = outcomes['rejected'] ?? 0;
  if (count === 0) return undefined;
  const wait = queue
    ? `; those that waited did so for ${milliseconds(queue.p99)} at most (p99)`
    : '';
  return {
    part: 'refusals',
    says: `${count} requests were refused${wait}`,
    next: ofGoodput(goodput, (rate) => `maxQueue ${rate} for each second that one may wait`),
  };
}

function late({ outcomes }: ServerView, { goodput }: SeenStep): Finding | undefined {
  const count = outcomes['timeout'] ?? 0;
  if (count === 0) return undefined;
  return {
    part: 'timeouts',
    says: `${count} requests missed their deadline: more may wait than can be answered in time`,
    next: ofGoodput(
      goodput,
      (rate) => `a maxQueue of at most ${rate} times the timeout in seconds`,
    ),
  };
}

/** A setting, a whole number, that follows from how many are answered; none does where nobody is. */
function ofGoodput(goodput: number, next: (rate: number) => string): string | undefined {
  return goodput > 0 ? next(Math.ceil(goodput)) : undefined;
}

/** Where most of the time passed before the server saw a request, or after it had answered. */
function outside(server: ServerView, { p99, verdict }: SeenStep): Finding | undefined {
  const { request } = server;
  if (verdict === 'kept' || !request || p99 === null) return undefined;
  // Requests wait unread in their sockets, which is the server's own doing.
  if (isLoopBusy(server)) return undefined;
  if (p99 < 2 * request.p99 + ON_THE_WAY) return undefined;
  return {
    part: 'outside',
    says: `requests took up to ${milliseconds(p99)} here, and ${milliseconds(request.p99)} by the server's own clock (p99): they waited for connections, the network, or a processor`,
    next: 'this command on another machine, or what lies between the two',
  };
}

function isLoopBusy({ loopLag = 0 }: Pick<ServerView, 'loopLag'>): boolean {
  return loopLag > BUSY_LAG;
}
