import { ConfigurationError } from '../errors/index.js';
import { LONGEST_DELAY } from '../execution/index.js';

/**
 * The drain delay the environment asks for with `DRAIN_DELAY_MS`, in milliseconds; 0 where it does not.
 *
 * @throws ConfigurationError for what is no number of milliseconds.
 */
export function drainDelayFrom(env: Readonly<Record<string, string | undefined>>): number {
  const text = env.DRAIN_DELAY_MS;
  if (text === undefined || text === '') return 0;
  if (/^\d+$/.test(text) && Number(text) <= LONGEST_DELAY) return Number(text);
  throw new ConfigurationError(
    `Drain: environment variable DRAIN_DELAY_MS expected an integer number of milliseconds from 0 to ${LONGEST_DELAY}, got ${JSON.stringify(text)}`,
  );
}
