import { Autoscaler, PERIOD } from './autoscaler.mjs';
import { Pods } from './pods.mjs';
import { Random } from './random.mjs';

/**
 * @typedef {object} Scenario
 * @property {(now: number) => number} load  Requests a second at a time of the day, in seconds.
 * @property {number} from                   Seconds.
 * @property {number} until
 * @property {import('./pods.mjs').PodKind} pod
 * @property {import('./autoscaler.mjs').Rule} rule
 * @property {'inFlight' | 'waiting'} [metric]  What is asked. Default what is in flight.
 */

/** Seconds by which a metric is older than a decision: a scrape, and KEDA's own polling. */
const METRIC_AGE = 15;

/**
 * @param {Scenario} scenario
 * @returns what one pays and what one gets for it; waits in seconds, and `refusing` the seconds in which
 *   any request was refused
 */
export function simulate({ load, from, until, pod, rule, metric = 'inFlight' }) {
  const pods = new Pods(pod, new Random(1));
  const autoscaler = new Autoscaler(rule);
  const waits = new Waits();
  const total = { arrived: 0, answered: 0, refused: 0 };
  let podSeconds = 0;
  let most = 0;
  let refusing = 0;
  /** What the metric was, second by second. */
  const seen = [];
  // As it would have become by then.
  pods.resize(clamp(Math.ceil((load(from) * pod.seconds) / rule.target), rule), from, 0);
  for (let now = from; now < until; now++) {
    const second = pods.second(now, load(now), (count, wait) => waits.add(count, wait));
    for (const what of Object.keys(total)) total[what] += second[what];
    if (second.refused > 0) refusing++;
    seen.push(pods[metric]);
    podSeconds += pods.paid;
    most = Math.max(most, pods.count);
    if ((now - from) % PERIOD !== 0) continue;
    const known = seen[Math.max(0, seen.length - 1 - METRIC_AGE)];
    pods.resize(autoscaler.decide(now, known, pods.count), now);
  }
  return {
    ...total,
    waiting: pods.waiting,
    podHours: podSeconds / 3_600,
    most,
    utilisation: total.answered / (podSeconds * pods.rate),
    refusing,
    p99: waits.quantile(0.99),
    p999: waits.quantile(0.999),
  };
}

function clamp(pods, { min, max }) {
  return Math.min(max, Math.max(min, pods));
}

/** How long requests waited, in steps of 10 ms up to a minute. */
class Waits {
  #counts = new Float64Array(6_001);
  #all = 0;

  add(count, wait) {
    this.#counts[Math.min(6_000, Math.round(wait * 100))] += count;
    this.#all += count;
  }

  quantile(share) {
    let below = 0;
    const step = this.#counts.findIndex((count) => (below += count) >= share * this.#all);
    return step / 100;
  }
}
