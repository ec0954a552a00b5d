/**
 * @typedef {object} Rule
 * @property {number} target       Of the metric, for each pod: KEDA's `threshold`.
 * @property {number} min          KEDA's `minReplicaCount`.
 * @property {number} max          KEDA's `maxReplicaCount`.
 * @property {number} [stabilization]  Seconds for which the most that was wanted is kept. Default 300.
 */

/** Seconds between two decisions of the HPA. */
export const PERIOD = 15;
/** Within this much of the target nothing changes. */
const TOLERANCE = 0.1;

/**
 * What KEDA makes of a Prometheus query: an HorizontalPodAutoscaler with an external metric of the type
 * AverageValue and Kubernetes' default behaviour. It may double the pods in a period, or add four; it
 * takes pods away when no decision of the last five minutes has wanted them.
 */
export class Autoscaler {
  /** @type {{ at: number, wanted: number }[]} */
  #recent = [];

  /** @param {Rule} rule */
  constructor(rule) {
    this.rule = rule;
  }

  /**
   * @param {number} now     Seconds.
   * @param {number} metric  The query's result, of all pods together.
   * @param {number} pods    Those that there are, ready or not.
   */
  decide(now, metric, pods) {
    const { target, min, max, stabilization = 300 } = this.rule;
    const isNear = Math.abs(metric / (target * pods) - 1) <= TOLERANCE;
    const wanted = Math.min(max, Math.max(min, isNear ? pods : Math.ceil(metric / target)));
    this.#recent = this.#recent.filter(({ at }) => at > now - stabilization);
    this.#recent.push({ at: now, wanted });
    if (wanted > pods) return Math.min(wanted, Math.max(2 * pods, pods + 4));
    return Math.min(pods, Math.max(...this.#recent.map((decision) => decision.wanted)));
  }
}
