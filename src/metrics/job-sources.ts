import type { Gauge } from 'prom-client';

/** How many jobs of an endpoint there are, by state, and how long the oldest has waited. */
export interface JobLevels {
  readonly counts: Readonly<Record<string, number>>;
  /** Milliseconds. */
  readonly oldestWaiting: number;
}

/** A queue of jobs that can be asked for its levels. */
export interface JobSource {
  readonly route: string;
  /** Rejects, soon, where the store of the jobs cannot be reached. */
  levels(): Promise<JobLevels>;
}

/**
 * The queues of every app in this process. Their levels are in a store that all processes share: they are
 * asked for at a scrape, once for all gauges of it.
 */
class JobSources {
  readonly #sources = new Set<JobSource>();
  readonly #asked = new Map<JobSource, Promise<JobLevels | undefined>>();

  add(source: JobSource): void {
    this.#sources.add(source);
  }

  remove(source: JobSource): void {
    this.#sources.delete(source);
  }

  /** A queue that cannot be asked is not shown: 0 would be a lie. */
  async write(
    gauge: Gauge,
    show: (gauge: Gauge, route: string, levels: JobLevels) => void,
  ): Promise<void> {
    gauge.reset();
    const all = [...this.#sources].map(async (source) => {
      const levels = await this.#levelsOf(source);
      if (levels !== undefined) show(gauge, source.route, levels);
    });
    await Promise.all(all);
  }

  #levelsOf(source: JobSource): Promise<JobLevels | undefined> {
    let asked = this.#asked.get(source);
    if (asked === undefined) {
      asked = source.levels().catch(() => undefined);
      this.#asked.set(source, asked);
      void asked.then(() => this.#asked.delete(source));
    }
    return asked;
  }
}

export const JOB_SOURCES = new JobSources();
