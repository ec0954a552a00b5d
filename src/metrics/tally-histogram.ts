import { register, type Metric } from 'prom-client';
import { isOpenMetrics } from './open-metrics.js';

type Labels = Readonly<Record<string, string>>;

/** One of those that a bucket has counted, as prom-client has it. */
interface Exemplar {
  readonly labelSet: Labels;
  readonly value: number;
  /** Seconds since the epoch. */
  readonly timestamp: number;
}

interface Sample {
  readonly metricName: string;
  readonly labels: Readonly<Record<string, string | number>>;
  readonly value: number;
  readonly exemplar?: Exemplar;
}

/** What a histogram is called, and the bounds it counts by. */
export interface TallyHistogramOptions {
  readonly name: string;
  readonly help: string;
  /** Upper bounds, ascending. */
  readonly buckets: readonly number[];
}

/**
 * A histogram on prom-client's default registry, whose series are bound once and then count in plain
 * numbers. Those of prom-client hash their labels, and the bounds of their buckets, on every
 * observation, which cost a twentieth of all that is done for a request.
 */
export class TallyHistogram {
  readonly name: string;
  readonly #help: string;
  readonly #bounds: readonly number[];
  readonly #tallies: Tally[] = [];

  /** The one of this name, which another app of this process may have made already. */
  static on(options: TallyHistogramOptions): TallyHistogram {
    const existing: unknown = register.getSingleMetric(options.name);
    return existing instanceof TallyHistogram ? existing : new TallyHistogram(options);
  }

  private constructor({ name, help, buckets }: TallyHistogramOptions) {
    this.name = name;
    this.#help = help;
    this.#bounds = buckets;
    // The registry uses of a metric what is here: its name, `get` and `reset`.
    register.registerMetric(this as unknown as Metric);
  }

  /** The series of these labels. */
  bind(labels: Labels): Tally {
    const key = JSON.stringify(labels);
    let tally = this.#tallies.find((other) => other.key === key);
    if (tally === undefined) {
      tally = new Tally(key, labels, this.#bounds);
      this.#tallies.push(tally);
    }
    return tally;
  }

  async get() {
    const values = this.#tallies.flatMap((tally) => tally.samples(this.name));
    return { name: this.name, help: this.#help, type: 'histogram', aggregator: 'sum', values };
  }

  reset(): void {
    for (const tally of this.#tallies) tally.reset();
  }
}

/** One series of a {@link TallyHistogram}. */
export class Tally {
  readonly key: string;
  readonly #labels: Labels;
  readonly #bounds: readonly number[];
  /** Made once: a scrape of many endpoints is long enough without them. */
  readonly #bucketLabels: readonly Labels[];
  /** By bucket, the last one being that of +Inf. */
  readonly #counts: Float64Array;
  /** By bucket, the last one that came with labels of its own. */
  readonly #exemplars: Exemplar[] = [];
  #sum = 0;

  constructor(key: string, labels: Labels, bounds: readonly number[]) {
    this.key = key;
    this.#labels = labels;
    this.#bounds = bounds;
    this.#bucketLabels = [...bounds, '+Inf'].map((le) => ({ le: String(le), ...labels }));
    this.#counts = new Float64Array(bounds.length + 1);
  }

  /** @param labelSet tells this one from others, in a registry of OpenMetrics */
  observe(value: number, labelSet?: Labels): void {
    const bounds = this.#bounds;
    let bucket = 0;
    while (bucket < bounds.length && value > bounds[bucket]!) bucket++;
    this.#counts[bucket]!++;
    this.#sum += value;
    if (labelSet !== undefined && isOpenMetrics(register)) {
      this.#exemplars[bucket] = { labelSet, value, timestamp: Date.now() / 1_000 };
    }
  }

  reset(): void {
    this.#counts.fill(0);
    this.#exemplars.length = 0;
    this.#sum = 0;
  }

  /** As prom-client writes a series: cumulative buckets, sum and count; nothing before it has counted. */
  samples(name: string): Sample[] {
    let count = 0;
    const metricName = `${name}_bucket`;
    const buckets = this.#bucketLabels.map((labels, index) => {
      count += this.#counts[index]!;
      const exemplar = this.#exemplars[index];
      return { metricName, labels, value: count, ...(exemplar && { exemplar }) };
    });
    if (count === 0) return [];
    return [
      ...buckets,
      { metricName: `${name}_sum`, labels: this.#labels, value: this.#sum },
      { metricName: `${name}_count`, labels: this.#labels, value: count },
    ];
  }
}
