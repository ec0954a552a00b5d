import type { INestApplication, LoggerService } from '@nestjs/common';

export interface LogLine {
  level: string;
  /** The message and everything that came with it, as text. */
  text: string;
}

/** A logger for an app under test that keeps what it is told. */
export class CapturedLog implements LoggerService {
  readonly lines: LogLine[] = [];

  /** For `setUp` of an app under test. */
  readonly attach = (app: INestApplication): void => app.useLogger(this);

  log = (...parts: unknown[]) => this.#keep('log', parts);
  error = (...parts: unknown[]) => this.#keep('error', parts);
  warn = (...parts: unknown[]) => this.#keep('warn', parts);
  debug = (...parts: unknown[]) => this.#keep('debug', parts);
  verbose = (...parts: unknown[]) => this.#keep('verbose', parts);

  get errors(): string[] {
    return this.lines.filter(({ level }) => level === 'error').map(({ text }) => text);
  }

  #keep(level: string, parts: unknown[]): void {
    this.lines.push({ level, text: parts.map(asText).join(' | ') });
  }
}

function asText(part: unknown): string {
  if (part instanceof Error) return part.stack ?? part.message;
  return typeof part === 'object' && part !== null ? JSON.stringify(part) : String(part);
}
