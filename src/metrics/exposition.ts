import { setImmediate } from 'node:timers/promises';
import { register, Registry } from 'prom-client';
import { SharedWork } from './shared-work.js';

/** Samples written in one turn of the event loop: fewer than a millisecond's. */
const SAMPLES_A_TURN = 100;

interface Family {
  readonly name: string;
  readonly values: readonly unknown[];
}

interface Collected {
  get(): Promise<Family>;
}

/** What prom-client's registry has beside its declared types: it writes whatever `get` gives. */
interface Writer {
  getMetricsAsString(metric: Collected): Promise<string>;
}

/**
 * The text of all metrics, as a scrape gets it. It is written a piece a turn of the event loop, since
 * that of many endpoints takes long enough to delay requests, and once for all who ask meanwhile.
 */
export class Exposition {
  readonly #writing = new SharedWork(write);

  text(): Promise<string> {
    return this.#writing.run();
  }
}

async function write(): Promise<string> {
  // OpenMetrics names its counters anew and ends with a mark: left to prom-client.
  if (register.contentType !== Registry.PROMETHEUS_CONTENT_TYPE) return register.metrics();
  const texts: string[] = [];
  for (const metric of register.getMetricsAsArray() as unknown as Collected[]) {
    texts.push(await writeFamily(await metric.get()));
  }
  return `${texts.join('\n\n')}\n`;
}

async function writeFamily(family: Family): Promise<string> {
  const writer = register as unknown as Writer;
  const { values } = family;
  const lines: string[] = [];
  for (let from = 0; from === 0 || from < values.length; from += SAMPLES_A_TURN) {
    if (from > 0) await setImmediate();
    const part = { ...family, values: values.slice(from, from + SAMPLES_A_TURN) };
    const text = await writer.getMetricsAsString({ get: async () => part });
    // Every part begins with the lines of help and type.
    lines.push(from === 0 ? text : text.split('\n').slice(2).join('\n'));
  }
  return lines.join('\n');
}
