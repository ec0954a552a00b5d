import { once } from 'node:events';
import { createInterface } from 'node:readline/promises';
import { isLocal, shownUrl } from '../bench/address.js';
import { LoadTest, NothingToMeasure } from '../bench/load-test.js';
import { reportOf, textOf } from '../bench/report.js';
import { benchArguments, USAGE } from './bench-arguments.js';
import type { Command } from './command.js';
import { ProgressLine } from './progress-line.js';
import { UsageError } from './usage-error.js';

export const benchCommand: Command = {
  summary: 'asks an endpoint at rising rates, and says what holds it back',
  usage: USAGE,
  async run(args) {
    const { plan, isConfirmed, asJson } = benchArguments(args);
    const { url } = plan.target;
    if (!isLocal(url) && !isConfirmed && !(await confirms(url))) return 2;

    const test = new LoadTest(plan);
    const progress = new ProgressLine(() => test.progress);
    // The second one ends the process.
    process.once('SIGINT', () => test.stop());
    try {
      await test.run();
    } catch (error) {
      if (!(error instanceof NothingToMeasure)) throw error;
      progress.end();
      process.stderr.write(`${error.message}\n`);
      return 1;
    } finally {
      progress.end();
    }
    const report = reportOf(shownUrl(url), test);
    process.stdout.write(asJson ? `${JSON.stringify(report, null, 2)}\n` : textOf(report));
    return test.isStopped ? INTERRUPTED : 0;
  },
};

/** As shells count a process that SIGINT has ended. */
const INTERRUPTED = 130;

/** Load is sent to nobody who has not been named twice. */
async function confirms({ host }: URL): Promise<boolean> {
  if (!process.stdin.isTTY || !process.stderr.isTTY) {
    throw new UsageError(`${host} is not this machine: expected --yes`, USAGE);
  }
  const asking = createInterface({ input: process.stdin, output: process.stderr });
  // Ctrl-C and the end of the input are a no.
  const closed = once(asking, 'close').then(() => '');
  const question = asking.question(`Send load to ${host}, as much as it takes? [y/N] `);
  const answer = await Promise.race([question.catch(() => ''), closed]);
  asking.close();
  return /^y(es)?$/i.test(answer.trim());
}
