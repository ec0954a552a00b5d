// npm run bench [-- <case> … --rounds N --requests N --soak N --full]
import { parseArgs } from 'node:util';
import { CASES } from './cases/index.mjs';
import { describeMachine, loadAverage } from './harness/machine.mjs';
import { fail, failures } from './harness/measure.mjs';
import { caption, save, table } from './harness/report.mjs';
import { settings } from './harness/rounds.mjs';
import { met } from './harness/row.mjs';
import { packServers } from './harness/package.mjs';
import { killAll } from './harness/server.mjs';
import { chart } from './harness/chart.mjs';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    rounds: { type: 'string' },
    requests: { type: 'string' },
    soak: { type: 'string' },
    full: { type: 'boolean' },
    'no-compile': { type: 'boolean' },
  },
});
for (const name of ['rounds', 'requests', 'soak']) {
  if (values[name] !== undefined) settings[name] = positive(name, values[name]);
}
settings.full = values.full ?? false;

const known = CASES.flatMap(({ ids }) => ids);
const unknown = positionals.filter((id) => !known.includes(id));
if (unknown.length > 0) {
  console.error(`No such case: ${unknown.join(', ')}. The cases are ${known.join(', ')}.`);
  process.exit(2);
}
const wanted = (id) => positionals.length === 0 || positionals.includes(id);

process.once('exit', killAll);
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => process.exit(130));

if (!values['no-compile']) packServers();

const machine = describeMachine();
const before = loadAverage();
console.error(
  `${machine.cpu}, ${machine.cores} cores, node ${machine.node}` +
    (machine.pinned ? ', server on core 0 and load on core 1' : ', not pinned (no taskset)'),
);

const began = Date.now();
const rows = [];
for (const group of CASES) {
  if (!group.ids.some(wanted)) continue;
  console.error(`\n${group.title}`);
  try {
    rows.push(...(await group.run(wanted)));
  } catch (error) {
    // One case that cannot run must not take the others with it.
    fail(error);
  }
}

const result = {
  date: new Date(began).toISOString(),
  minutes: Math.round((Date.now() - began) / 6_000) / 10,
  machine,
  load: { before, after: loadAverage() },
  settings,
  rows: rows.map((row) => ({ ...row, met: met(row) })),
};
console.log(`\n${table(rows)}\n\n${caption(result)}\n`);
// A run of some cases must not overwrite the figures of a whole one.
const name = positionals.length === 0 ? 'latest' : `case-${positionals.join('-')}`;
console.log(save(`${name}.json`, `${JSON.stringify(result, null, 2)}\n`));
if (positionals.length === 0) console.log(save('chart.svg', chart(rows)));
for (const row of rows) if (met(row) === false) console.log(`missed: ${row.case} ${row.what}`);
process.exit(failures.size > 0 ? 1 : 0);

function positive(name, text) {
  const value = Number(text);
  if (Number.isInteger(value) && value > 0) return value;
  console.error(`--${name}: expected a whole number of at least 1, got ${text}`);
  process.exit(2);
}
