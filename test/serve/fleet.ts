import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { onTestFinished } from 'vitest';
import { FixtureProcess } from './fixture-process.js';

/** The program fixtures/fleet.ts, whose workers a test can make misbehave. */
export class Fleet extends FixtureProcess {
  readonly #control: string;

  private constructor(control: string, env: Record<string, string>) {
    super('fleet', { LOG_LEVEL: 'log', CONTROL: control, ...env });
    this.#control = control;
  }

  /** @param conditions under which the first workers start, see {@link under} */
  static async start(workers: number, ...conditions: string[]): Promise<Fleet> {
    const control = await mkdtemp(`${tmpdir()}/fleet-`);
    onTestFinished(() => rm(control, { recursive: true }));
    for (const condition of conditions) await writeFile(`${control}/${condition}`, '');
    return new Fleet(control, { WORKERS: String(workers) });
  }

  /** Workers that start from now on do so under this condition. */
  async under(condition: string): Promise<void> {
    await writeFile(`${this.#control}/${condition}`, '');
  }

  /** Workers that start from now on do not. */
  async without(condition: string): Promise<void> {
    await rm(`${this.#control}/${condition}`);
  }

  /** Asks one of the workers, each time on a connection of its own; the text of its answer. */
  async ask(path: string, method = 'GET'): Promise<{ status: number; text: string }> {
    const [port, headers] = [await this.port(), { connection: 'close' }];
    const response = await fetch(`http://127.0.0.1:${port}${path}`, {
      method,
      headers: { ...headers, 'content-type': 'application/json' },
      body: method === 'POST' ? '{}' : null,
    });
    return { status: response.status, text: await response.text() };
  }

  /** The processes that answer so many requests, in turn. */
  async pids(requests: number): Promise<number[]> {
    const pids: number[] = [];
    while (pids.length < requests) pids.push(Number((await this.ask('/pid')).text));
    return pids;
  }
}
