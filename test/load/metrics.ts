/** What a scrape of `/__metrics` says. */
export class Scrape {
  readonly #lines: readonly { name: string; labels: string; value: number }[];

  constructor(text: string) {
    this.#lines = text.split('\n').flatMap((line) => {
      const match = /^(\w+)(?:\{(.*)\})? (\S+)$/.exec(line);
      return match ? [{ name: match[1]!, labels: match[2] ?? '', value: Number(match[3]) }] : [];
    });
  }

  static async of(url: string): Promise<Scrape> {
    const headers = { connection: 'close' };
    const response = await fetch(`${url}/__metrics`, { headers });
    if (response.status !== 200) throw new Error(`Metrics answered ${response.status}`);
    return new Scrape(await response.text());
  }

  /** The sum over all series of a metric whose labels hold every one of `labels`. */
  sum(metric: string, labels: Record<string, string> = {}): number {
    const wanted = Object.entries(labels).map(([name, value]) => `${name}="${value}"`);
    return this.#lines
      .filter((line) => line.name === `model_serving_${metric}`)
      .filter((line) => wanted.every((pair) => line.labels.split(',').includes(pair)))
      .reduce((sum, { value }) => sum + value, 0);
  }
}
