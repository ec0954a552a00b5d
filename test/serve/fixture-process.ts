import { spawn, type ChildProcess } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { onTestFinished } from 'vitest';

const COMPILED = new URL(
  '../../node_modules/.cache/serve-fixtures/test/serve/fixtures/',
  import.meta.url,
);

export const ADAPTERS = ['express', 'fastify'] as const;

export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** A program of fixtures/ as a process of its own, killed at the end of the test. */
export class FixtureProcess {
  readonly #child: ChildProcess;
  readonly #awaiting = new Set<() => void>();
  readonly exited: Promise<Exit>;
  /** Everything it has printed. */
  output = '';

  /** @param env `CLOCK_SHIFT` there are the hours by which its clock is wrong */
  constructor(fixture: string, env: Record<string, string> = {}) {
    const { NODE_ENV: _, ...inherited } = process.env;
    const pathOf = (name: string) => fileURLToPath(new URL(`${name}.js`, COMPILED));
    const clock = 'CLOCK_SHIFT' in env ? ['--import', pathOf('shifted-clock')] : [];
    this.#child = spawn(process.execPath, [...clock, pathOf(fixture)], {
      env: { ...inherited, ...env },
    });
    for (const stream of [this.#child.stdout!, this.#child.stderr!]) {
      stream.setEncoding('utf8').on('data', (chunk: string) => {
        this.output += chunk;
        for (const check of this.#awaiting) check();
      });
    }
    this.exited = new Promise((resolve) => {
      this.#child.once('close', (code, signal) => {
        resolve({ code, signal });
        for (const check of this.#awaiting) check();
      });
    });
    onTestFinished(async () => {
      this.kill('SIGKILL');
      await this.exited;
    });
  }

  get pid(): number {
    return this.#child.pid!;
  }

  /** Waits until it has printed what matches; `count` times, where that is given. */
  async printed(pattern: RegExp, count = 1): Promise<RegExpMatchArray[]> {
    const found = () => [...this.output.matchAll(new RegExp(pattern, 'g'))];
    await new Promise<void>((resolve, reject) => {
      const check = () => {
        if (found().length >= count) resolve();
        else if (this.#child.exitCode !== null || this.#child.signalCode !== null) {
          reject(
            new Error(`It ended before it printed ${pattern} ${count} times:\n${this.output}`),
          );
        } else return;
        this.#awaiting.delete(check);
      };
      this.#awaiting.add(check);
      check();
    });
    return found();
  }

  /** The port it has printed. */
  async port(): Promise<number> {
    const [match] = await this.printed(/port (\d+) of/);
    return Number(match![1]);
  }

  kill(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }
}

export interface LoadResult {
  readonly sent: number;
  readonly ok: number;
  readonly refused: number;
  readonly failed: string[];
  readonly pids: number[];
}

/** A client process with 32 busy keep-alive connections. */
export class Load {
  readonly #process: FixtureProcess;

  constructor(port: number, requests: number, env: Record<string, string> = {}) {
    this.#process = new FixtureProcess('load', {
      ...env,
      PORT: String(port),
      REQUESTS: String(requests),
    });
  }

  /** Resolves once requests are being answered on all connections. */
  async busy(): Promise<void> {
    await this.#process.printed(/busy/);
  }

  /** Sends no more; what has been sent is waited for. */
  stop(): void {
    this.#process.kill('SIGTERM');
  }

  async result(): Promise<LoadResult> {
    const [line] = await this.#process.printed(/\{"sent".*\}/);
    return JSON.parse(line![0]) as LoadResult;
  }
}
