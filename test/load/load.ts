import { spawn, type ChildProcess } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { onTestFinished } from 'vitest';

const PROGRAM = fileURLToPath(new URL('./fixtures/load.mjs', import.meta.url));

/** One kind of request of a load. */
export interface RequestKind {
  path: string;
  /** One of them is sent: text as it is, anything else as JSON. */
  bodies: readonly unknown[];
  /** How often it is chosen, beside the others. */
  weight?: number;
  headers?: Record<string, string>;
  /** The least and the most of `X-Request-Timeout-Ms`. */
  timeoutMs?: readonly [number, number];
  /** When the client leaves: in less than 1 ms, in the middle of its body. */
  leaveAfterMs?: readonly [number, number];
  /** Another one than the plan's. */
  port?: number;
}

/** What a client process is to send. */
export interface Plan {
  port: number;
  /** Connections that are busy at once. */
  connections: number;
  /** Requests in all. */
  count: number;
  seed: number;
  requests: readonly RequestKind[];
  /** After how many answers {@link Load.busy} resolves. */
  busyAfter?: number;
}

export interface LoadResult {
  readonly sent: number;
  /** Requests whose connection the server did not accept; their connection sends no more. */
  readonly refused: number;
  /** Requests that the client left before their answer. */
  readonly left: number;
  /** `path status` → how many answers. */
  readonly statuses: Readonly<Record<string, number>>;
  /** What befell other requests: there should be none. */
  readonly failed: readonly string[];
  /** `Retry-After` of 429 answers where it is not a whole number from 1 to 30. */
  readonly badRetryAfter: readonly string[];
}

/** A client process with busy keep-alive connections, killed at the end of the test. */
export class Load {
  readonly #child: ChildProcess;
  readonly #busy: Promise<void>;
  readonly result: Promise<LoadResult>;

  constructor(plan: Plan) {
    this.#child = spawn(process.execPath, [PROGRAM], {
      env: { ...process.env, PLAN: JSON.stringify(plan) },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let output = '';
    const onOutput = (check: () => boolean, done: () => void) => {
      const listener = () => {
        if (!check()) return;
        this.#child.stdout!.off('data', listener);
        done();
      };
      this.#child.stdout!.on('data', listener);
    };
    this.#child.stdout!.setEncoding('utf8').on('data', (chunk: string) => (output += chunk));
    this.#busy = new Promise((resolve) => onOutput(() => output.includes('busy\n'), resolve));
    const exited = new Promise((resolve) => this.#child.once('close', resolve));
    this.result = exited.then((code) => {
      if (code !== 0) throw new Error(`The load ended with ${String(code)}`);
      return JSON.parse(output.trim().split('\n').at(-1)!) as LoadResult;
    });
    onTestFinished(async () => {
      this.#child.kill('SIGKILL');
      await exited;
      await this.result.catch(() => undefined);
    });
  }

  /** Resolves once the first requests have been answered. */
  busy(): Promise<void> {
    return Promise.race([this.#busy, this.result.then(() => undefined)]);
  }

  /** Sends no more; what has been sent is waited for. */
  stop(): void {
    this.#child.kill('SIGTERM');
  }
}

/** How many answers had this status, at one path or at all. */
export function answers({ statuses }: LoadResult, status?: number, path?: string): number {
  return Object.entries(statuses)
    .map(([key, count]) => [...key.split(' '), count] as [string, string, number])
    .filter(([at, code]) => (path ?? at) === at && (status ?? Number(code)) === Number(code))
    .reduce((sum, [, , count]) => sum + count, 0);
}

/** The seed of a random test: `LOAD_SEED`, or a new one, which is printed. */
export function seedOf(test: string): number {
  const seed = Number(process.env['LOAD_SEED'] ?? Math.floor(Math.random() * 2 ** 32));
  console.log(`${test}: LOAD_SEED=${seed}`);
  return seed;
}
