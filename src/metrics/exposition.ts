import { setImmediate } from 'node:timers/promises';
import { register, type Registry } from 'prom-client';
import { familyName, isOpenMetrics } from './open-metrics.js';
import { SharedWork } from './shared-work.js';

/** Samples written in one turn of the event loop: fewer than a millisecond's. */
const SAMPLES_A_TURN = 100;

/** One metric, as prom-client has it of whatever kind. */
interface Family {
  readonly name: string;
  readonly type: unknown;
  readonly values: readonly unknown[];
}

interface Collected {
  get(): Promise<Family>;
}

/** A registry, with what it has beside its declared types: it writes whatever `get` gives. */
interface Writer {
  getMetricsAsString(metric: Collected): Promise<string>;
}

/**
 * The text of all metrics, as a scrape gets it. It is written a piece a turn of the event loop, since
 * that of many endpoints takes long enough to delay requests, and once for all who ask meanwhile.
 */
export class Exposition {
  readonly #writing = new SharedWork(() => textOf(register));

  text(): Promise<string> {
    return this.#writing.run();
  }
}

/** The text of the metrics of a registry, in the format of its content type. */
export async function textOf(registry: Registry): Promise<string> {
  const texts: string[] = [];
  for (const metric of registry.getMetricsAsArray() as unknown as Collected[]) {
    texts.push(await writeFamily(await metric.get(), registry));
  }
  return isOpenMetrics(registry) ? `${texts.join('\n')}\n# EOF\n` : `${texts.join('\n\n')}\n`;
}

async function writeFamily(metric: Family, registry: Registry): Promise<string> {
  const writer = registry as unknown as Writer;
  const family = { ...metric, name: familyName(metric, registry) };
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
