import { execFileSync } from 'node:child_process';
import { FixtureProcess } from '../serve/fixture-process.js';

/** The app of fixtures/model-app.ts as a process of its own, with one worker or more. */
export class ModelServer extends FixtureProcess {
  constructor(env: Record<string, string> = {}) {
    super('../../load/fixtures/serving', env);
  }

  async url(): Promise<string> {
    return `http://127.0.0.1:${await this.port()}`;
  }

  /** Bytes of memory the process has, as the system sees it. */
  rss(): number {
    const [, pid] = /port \d+ of (\d+)/.exec(this.output)!;
    return Number(execFileSync('ps', ['-o', 'rss=', '-p', pid!], { encoding: 'utf8' })) * 1024;
  }
}
