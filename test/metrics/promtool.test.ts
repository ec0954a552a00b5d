import { spawnSync } from 'node:child_process';
import { ModelEndpoint } from 'nestjs-model-serving';
import { describe, expect, it } from 'vitest';
import { textSchema } from '../http/text-schema.js';
import { ADAPTERS, startApp } from '../serving-app.js';
import { scrapeAtRest } from './scrape.js';

const missing =
  spawnSync('promtool', ['--version']).error === undefined ? '' : 'promtool is not installed';

@ModelEndpoint('/models/:name/"quoted"', textSchema(), { cache: true, batch: {} })
class Model {
  predict(inputs: object[]) {
    return inputs.map(() => ({ text: 'a' }));
  }
}

/** promtool's complaints of a text; it has none of names and types that follow the conventions. */
function check(text: string): { status: number | null; output: string } {
  const { status, stdout, stderr } = spawnSync('promtool', ['check', 'metrics'], {
    input: text,
    encoding: 'utf8',
  });
  return { status, output: stdout + stderr };
}

/** Without prom-client's own default metrics: some of their names are against the conventions. */
function ours(text: string): string {
  const lines = text.split('\n').filter((line) => /^(# (HELP|TYPE) )?model_serving_/.test(line));
  return `${lines.join('\n')}\n`;
}

describe.skipIf(missing).each(ADAPTERS)(`promtool on %s ${missing}`, (adapter) => {
  it('has nothing to say of the metrics', async () => {
    const app = await startApp(adapter, { controllers: [Model] });
    await app.post('/models/a/"quoted"', {});
    await app.post('/models/a/"quoted"', { count: 'x' });
    const { text } = await scrapeAtRest(app);
    expect(check(ours(text))).toEqual({ status: 0, output: '' });
    // All fourteen are there.
    expect(ours(text).match(/^# TYPE .*/gm)).toHaveLength(14);
    // Of the whole text it can read every line, too: what it complains of are names.
    expect(check(text).output).not.toMatch(/error while linting|parsing/i);
  });

  it('would have', () => {
    expect(check('# TYPE model_serving_things counter\nmodel_serving_things 1\n').status).not.toBe(
      0,
    );
    expect(check('model_serving_in_flight{endpoint="/"} one\n').output).toMatch(/pars/);
  });
});
