import type { LogLevel } from '@nestjs/common';

/** Nest's levels, the least severe first. */
const SEVERITY: readonly LogLevel[] = ['verbose', 'debug', 'log', 'warn', 'error', 'fatal'];

/** Python's names for the same levels. */
const PYTHON: Readonly<Record<string, LogLevel>> = {
  notset: 'verbose',
  info: 'log',
  warning: 'warn',
  critical: 'fatal',
};

/** Every name a level may be given by, in lower case. */
export const LOG_LEVEL_NAMES: readonly string[] = [...SEVERITY, ...Object.keys(PYTHON)];

/**
 * The levels to log for the name of the least severe one, in Nest's or Python's spelling and any case;
 * `undefined` for an unknown name.
 */
export function logLevelsFrom(name: string): LogLevel[] | undefined {
  const lower = name.toLowerCase();
  const level = Object.hasOwn(PYTHON, lower) ? PYTHON[lower] : lower;
  const index = SEVERITY.findIndex((candidate) => candidate === level);
  return index === -1 ? undefined : SEVERITY.slice(index);
}
