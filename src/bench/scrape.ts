/** One line of a scrape. */
interface Sample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

/** A distribution within some time, as buckets tell it. Milliseconds where the metric is in seconds. */
export interface Spread {
  readonly count: number;
  readonly mean: number;
  /** By linear interpolation in its bucket, as Prometheus has it; the last bound where it is above that. */
  readonly p99: number;
}

const LINE =
  /^([a-zA-Z_:][\w:]*)(?:\{((?:[^"}]|"(?:[^"\\]|\\.)*")*)\})?[ \t]+([^ \t]+)(?:[ \t].*)?$/;
const LABEL = /(\w+)="((?:[^"\\]|\\.)*)"/g;
const ESCAPES: Readonly<Record<string, string>> = { n: '\n', '"': '"', '\\': '\\' };

/** What `/__metrics` said, in Prometheus' format or in that of OpenMetrics. */
export class Scrape {
  readonly #samples: readonly Sample[];

  private constructor(samples: readonly Sample[]) {
    this.#samples = samples;
  }

  static of(text: string): Scrape {
    return new Scrape(text.split('\n').flatMap((line) => sampleOf(line) ?? []));
  }

  /** What has been added since an earlier scrape; gauges are as they are now. */
  since(before: Scrape): Scrape {
    const earlier = new Map(before.#samples.map((sample) => [keyOf(sample), sample.value]));
    return new Scrape(
      this.#samples.map((sample) => {
        if (!/_(total|sum|count|bucket)$/.test(sample.name)) return sample;
        const { value } = sample;
        const was = earlier.get(keyOf(sample)) ?? 0;
        // A counter that has gone back began anew.
        return { ...sample, value: value < was ? value : value - was };
      }),
    );
  }

  /** The sum of all series that carry these labels, or undefined where there are none. */
  sum(name: string, labels: Readonly<Record<string, string>> = {}): number | undefined {
    const found = this.#find(name, labels);
    return found.length === 0 ? undefined : found.reduce((sum, { value }) => sum + value, 0);
  }

  /** The sums by the values of one label, without those that are 0. */
  by(label: string, name: string, labels: Readonly<Record<string, string>> = {}) {
    const sums: Record<string, number> = {};
    for (const { labels: own, value } of this.#find(name, labels)) {
      const at = own[label];
      if (at !== undefined && value !== 0) sums[at] = (sums[at] ?? 0) + value;
    }
    return sums;
  }

  /** A histogram of all series that carry these labels, or undefined where it has counted nothing. */
  spread(
    name: string,
    labels: Readonly<Record<string, string>> = {},
    scale = 1,
  ): Spread | undefined {
    const count = this.sum(`${name}_count`, labels) ?? 0;
    if (count <= 0) return undefined;
    const mean = ((this.sum(`${name}_sum`, labels) ?? 0) / count) * scale;
    const bounds = new Map<string, number>();
    for (const {
      labels: { le = '' },
      value,
    } of this.#find(`${name}_bucket`, labels)) {
      bounds.set(le, (bounds.get(le) ?? 0) + value);
    }
    const buckets = [...bounds]
      .map(([le, value]) => ({ bound: numberOf(le), value }))
      .sort((a, b) => a.bound - b.bound);
    return { count, mean, p99: quantileOf(buckets, count * 0.99) * scale };
  }

  #find(name: string, labels: Readonly<Record<string, string>>): Sample[] {
    const wanted = Object.entries(labels);
    return this.#samples.filter(
      (sample) =>
        sample.name === name && wanted.every(([label, value]) => sample.labels[label] === value),
    );
  }
}

/** Where the rank-th lies, of buckets that each count all up to their bound. */
function quantileOf(buckets: readonly { bound: number; value: number }[], rank: number): number {
  let [from, below] = [0, 0];
  for (const { bound, value } of buckets) {
    if (value >= rank) {
      if (bound === Infinity || value === below) return from;
      return from + ((bound - from) * (rank - below)) / (value - below);
    }
    [from, below] = [bound === Infinity ? from : bound, value];
  }
  return from;
}

function sampleOf(line: string): Sample | undefined {
  const match = LINE.exec(line);
  if (!match) return undefined;
  const [, name, pairs = '', value] = match;
  const labels = [...pairs.matchAll(LABEL)].map(([, label, text]) => [label!, unescaped(text!)]);
  return {
    name: name!,
    labels: Object.fromEntries(labels) as Record<string, string>,
    value: numberOf(value!),
  };
}

function keyOf({ name, labels }: Sample): string {
  return `${name}${JSON.stringify(Object.entries(labels).sort())}`;
}

function unescaped(text: string): string {
  return text.replace(/\\(.)/g, (_, character: string) => ESCAPES[character] ?? character);
}

function numberOf(text: string): number {
  return text === '+Inf' ? Infinity : text === '-Inf' ? -Infinity : Number(text);
}
