import { ConsoleLogger, Logger, type ConsoleLoggerOptions } from '@nestjs/common';
import { logText } from './log-text.js';

/** What a line says besides its message. */
export interface LogFields {
  /** Of the request that the line is about, or of the first of them. */
  readonly requestId: string;
  /** The route's template. */
  readonly endpoint: string;
  readonly [name: string]: string | number;
}

export type LineLevel = 'error' | 'warn' | 'log' | 'debug';

/**
 * Where Nest's logger of the moment has a place for fields: `params` beside the message, the message
 * itself, or nowhere.
 */
type FieldsPlace = 'params' | 'message' | 'nowhere';

/**
 * Writes lines with fields where Nest's own logger writes JSON. In a text, and to a logger of the app's
 * own, which Nest promises no more than a message and a context, the request id goes in front of it.
 */
export class StructuredLogger extends Logger {
  /** @param stack the text of what was thrown, with an error */
  write(level: LineLevel, message: unknown, fields: LogFields, stack?: string): void {
    const text = logText(message);
    const more = level === 'error' ? [stack] : [];
    switch (StructuredLogger.#fieldsPlace()) {
      case 'params':
        return this[level](text, ...more, fields);
      case 'message':
        return this[level]({ message: text, ...fields }, ...more);
      case 'nowhere':
        return this[level](`[${fields.requestId}] ${text}`, ...more);
    }
  }

  /** An app may change its logger at any time. */
  static #fieldsPlace(): FieldsPlace {
    const logger = Logger.staticInstanceRef;
    if (!(logger instanceof ConsoleLogger)) return 'nowhere';
    const { options } = logger as unknown as { options?: ConsoleLoggerOptions };
    if (options?.json !== true) return 'nowhere';
    return TAKES_PARAMS && options.structuredParams !== false ? 'params' : 'message';
  }
}

/** Whether an object after the message belongs to its line, as from Nest 12 on. */
const TAKES_PARAMS = (() => {
  let lines = 0;
  class Probe extends ConsoleLogger {
    protected override printMessages(messages: unknown[]): void {
      lines = messages.length;
    }
  }
  new Probe('Probe', { logLevels: ['log'] }).log('a line', { with: 'a field' }, 'Probe');
  return lines === 1;
})();
