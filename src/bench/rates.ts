import type { Step } from './step.js';

/** Requests a second that an unknown server is asked first. */
const FIRST = 10;
/** What one process of Node cannot send anyway. */
const MOST = 20_000;
/** Steps between the last rate that was kept and the first that was not: they find the knee to 9 %. */
const HALVINGS = 3;

/** The rates to try; each is told what became of the last. */
export type Rates = Generator<number, void, Step>;

/** Those that were named, all of them: how a server fails is worth seeing, too. */
export function* namedRates(rates: readonly number[]): Rates {
  for (const rate of rates) yield rate;
}

/** Doubles until a rate is not kept, and then closes in on where that begins. */
export function* searchedRates(): Rates {
  let kept = 0;
  let lost = Infinity;
  for (let rate = FIRST; rate <= MOST && lost === Infinity; rate *= 2) {
    const { verdict } = yield rate;
    if (verdict === 'kept') kept = rate;
    else if (isLost(verdict)) lost = rate;
    else return;
  }
  if (kept === 0 || lost === Infinity) return;
  for (let left = HALVINGS; left > 0; left--) {
    const rate = Math.round(Math.sqrt(kept * lost));
    if (rate === kept || rate === lost) return;
    const { verdict } = yield rate;
    if (verdict === 'kept') kept = rate;
    else if (isLost(verdict)) lost = rate;
    else return;
  }
}

/** The highest rate that was kept, with none below it that was not; null where the lowest was not. */
export function kneeOf<S extends Step>(steps: readonly S[]): S | null {
  const rising = [...steps].sort((a, b) => a.rate - b.rate);
  const lost = rising.findIndex(({ verdict }) => verdict !== 'kept');
  return (lost < 0 ? rising : rising.slice(0, lost)).at(-1) ?? null;
}

/** The lowest rate that the server did not keep, if there was one. */
export function firstLost<S extends Step>(steps: readonly S[]): S | undefined {
  return steps.filter(({ verdict }) => isLost(verdict)).sort((a, b) => a.rate - b.rate)[0];
}

/** Whether it was the server that did not keep it. */
function isLost(verdict: Step['verdict']): boolean {
  return verdict === 'failures' || verdict === 'backlog' || verdict === 'connections';
}
