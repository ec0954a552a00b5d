import { ConsoleLogger, Logger } from '@nestjs/common';
import { onTestFinished } from 'vitest';

/** What Nest's logger would print as JSON. */
export class LogLines extends ConsoleLogger {
  readonly lines: any[] = [];

  constructor() {
    super({ json: true, logLevels: ['debug', 'log', 'warn', 'error'] });
  }

  protected override printAsJson(message: unknown, options: any): void {
    this.lines.push(this.getJsonLogObject(message, options));
  }

  /** The fields of the first line that holds a text. */
  with(text: string): any {
    return this.lines.find(({ message }) => String(message).includes(text))?.params;
  }
}

/** Reads what an app logs from here to the end of the test. */
export function readLog(): LogLines {
  const logger = new LogLines();
  Logger.overrideLogger(logger);
  onTestFinished(() => Logger.overrideLogger(false));
  return logger;
}
