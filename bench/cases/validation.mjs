import { collect } from '../harness/load.mjs';
import { SERVER_CORE } from '../harness/machine.mjs';

export const ids = ['6', '7'];
export const title = 'Validation alone';

const MODULE = new URL('../validation.mjs', import.meta.url);

/** Runs in a process of its own, so that the runner's heap and compiled code play no part. */
export async function run(wanted) {
  const script =
    `const { run } = await import(${JSON.stringify(MODULE.href)});` +
    `console.log('ROWS ' + JSON.stringify(await run()));`;
  const output = await collect(
    [process.execPath, '--input-type=module', '-e', script],
    SERVER_CORE,
  );
  const line = output.split('\n').find((text) => text.startsWith('ROWS '));
  return JSON.parse(line.slice(5)).filter((row) => wanted(row.case));
}
