import { cpSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { figureOf, once, row } from '../harness/measure.mjs';
import { PACKAGE } from '../harness/package.mjs';
import { ADAPTERS, bare, ours } from '../harness/peers.mjs';
import { settings } from '../harness/rounds.mjs';
import { residentMb, ROOT, start } from '../harness/server.mjs';
import { median } from '../harness/statistics.mjs';

export const ids = ['10'];
export const title = 'Start-up time and memory after start, against bare Nest';

const EXAMPLE = 'examples/language-detection';

/** The example as it is, which loads its language database before it listens. */
function exampleWithModel(adapter) {
  // The compiler leaves behind what is not code; `nest build` copies it.
  cpSync(join(ROOT, EXAMPLE), join(ROOT, PACKAGE, 'dist', EXAMPLE), {
    recursive: true,
    filter: (file) => !file.endsWith('.ts'),
  });
  return {
    name: `language-detection ${adapter}`,
    command: [process.execPath, join(PACKAGE, 'dist', EXAMPLE, 'main.js')],
    env: { HTTP_ADAPTER: adapter },
    probed: true,
  };
}

/** @param {(id: string) => boolean} _wanted */
export async function run(_wanted) {
  const rows = [];
  for (const [adapter, name] of ADAPTERS) {
    const against = `bare Nest on ${name}`;
    const starts = once(() =>
      startInTurns([ours(adapter), exampleWithModel(adapter), bare(adapter)]),
    );
    const time = async (index, target) => {
      const rounds = await starts();
      return {
        cpu: { ...ratio(rounds, index, 'cpuMs'), target },
        figure: ratio(rounds, index, 'ms'),
        note: `CPU ${medians(rounds, index, 'cpuMs')} ms; until it listens ${medians(rounds, index, 'ms')} ms`,
        raw: { rounds },
      };
    };
    const at = (what) => ({ case: '10', what: `${name}: ${what}`, against });
    rows.push(
      await row(at('start of the example'), () => time(0, { atMost: 1.2 })),
      await row(at('start of the example with its language database'), () => time(1)),
      await row(at('resident memory after start, difference'), async () => {
        const rounds = await starts();
        if (rounds[0][0].mb === null) throw new Error('/proc does not tell resident memory here');
        const more = rounds.map((round) => round[0].mb - round.at(-1).mb);
        return {
          figure: figureOf(more, 'MB', { atMost: 30 }),
          note: `${medians(rounds, 0, 'mb')} MB`,
        };
      }),
    );
  }
  return rows;
}

/** Of one server and the last, which is the bare one, round by round. */
function ratio(rounds, index, figure) {
  return figureOf(
    rounds.map((round) => round[index][figure] / round.at(-1)[figure]),
    'x',
  );
}

function medians(rounds, index, figure) {
  const of = (at) => median(rounds.map((round) => round.at(at)[figure])).toFixed(0);
  return `${of(index)} : ${of(-1)}`;
}

async function startInTurns(specs) {
  for (const spec of specs) await startOnce(spec); // fills the file cache
  const rounds = [];
  for (let round = 0; round < settings.rounds; round++) {
    const measured = [];
    for (const spec of specs) measured.push(await startOnce(spec));
    rounds.push(measured);
  }
  return rounds;
}

async function startOnce(spec) {
  const server = await start(spec);
  await sleep(300); // what start-up left to do after the port was open
  const measured = { ms: server.startMs, cpuMs: server.startCpuMs, mb: residentMb(server.pid) };
  await server.stop();
  return measured;
}
