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
  /** What the queue is called; several of one route are of its versions, or of its hosts. */
  readonly queue: string;
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
    // Another app of this process may have the same queue.
    const queues = new Map<string, JobSource>();
    for (const source of this.#sources) queues.set(source.queue, source);
    const routes = new Map<string, JobLevels>();
    const all = [...queues.values()].map(async (source) => {
      const { route } = source;
      const levels = await this.#levelsOf(source);
      if (levels !== undefined) routes.set(route, together(levels, routes.get(route)));
    });
    await Promise.all(all);
    gauge.reset();
    for (const [route, levels] of routes) show(gauge, route, levels);
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

function together(one: JobLevels, other: JobLevels = { counts: {}, oldestWaiting: 0 }): JobLevels {
  const counts = Object.entries(one.counts).map(([state, count]) => [
    state,
    count + (other.counts[state] ?? 0),
  ]);
  return {
    counts: Object.fromEntries(counts) as JobLevels['counts'],
    oldestWaiting: Math.max(one.oldestWaiting, other.oldestWaiting),
  };
}

export const JOB_SOURCES = new JobSources();
