import { register, type Metric } from 'prom-client';
import { familyName } from './open-metrics.js';

type Labels = Readonly<Record<string, string>>;

/**
 * A counter on prom-client's default registry, whose series are bound once and then count in plain
 * numbers. Those of prom-client hash their labels on every increment, even where they are bound.
 */
export class TallyCounter {
  readonly name: string;
  readonly #help: string;
  readonly #counts: Count[] = [];

  /** The one of this name, which another app of this process may have made already. */
  static on(name: string, help: string): TallyCounter {
    const existing: unknown = register.getSingleMetric(name);
    return existing instanceof TallyCounter ? existing : new TallyCounter(name, help);
  }

  private constructor(name: string, help: string) {
    this.name = name;
    this.#help = help;
    // The registry uses of a metric what is here: its name, `get` and `reset`.
    register.registerMetric(this as unknown as Metric);
  }

  /** The series of these labels, which exists from now on, so that its first increase is seen. */
  bind(labels: Labels): Count {
    const key = JSON.stringify(labels);
    let count = this.#counts.find((other) => other.key === key);
    if (count === undefined) this.#counts.push((count = new Count(key, labels)));
    return count;
  }

  async get() {
    const values = this.#counts.map(({ labels, value }) => ({ labels, value }));
    const type = 'counter';
    const name = familyName({ name: this.name, type }, register);
    return { name, help: this.#help, type, aggregator: 'sum', values };
  }

  reset(): void {
    for (const count of this.#counts) count.value = 0;
  }
}

/** One series of a {@link TallyCounter}. */
export class Count {
  readonly key: string;
  readonly labels: Labels;
  value = 0;

  constructor(key: string, labels: Labels) {
    this.key = key;
    this.labels = labels;
  }

  inc(): void {
    this.value++;
  }
}
