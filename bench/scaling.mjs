// node bench/scaling.mjs: what a fleet of up to 1,000 pods costs, and how long requests wait in it, over a
// day and in a burst, by KEDA's rule. It needs no server, and prints the same figures everywhere.
import { simulate } from './scaling/simulate.mjs';

const HOUR = 3_600;
const NIGHT = 4_000;
const DAY = 28_000;

/** Requests a second: least at four in the morning, most at four in the afternoon. */
const day = (now) =>
  NIGHT + ((DAY - NIGHT) * (1 - Math.cos(((now / HOUR - 4) * Math.PI) / 12))) / 2;

/** Twice as many, within ten seconds, for a quarter of an hour. */
const BURST = { from: 12 * HOUR, until: 12.25 * HOUR, rise: 10 };
const burst = (now) => {
  const { from, until, rise } = BURST;
  const share = now < from || now >= until ? 0 : Math.min(1, (now - from) / rise);
  return day(now) * (1 + share);
};

/** Eight slots of 100 ms: 80 answers a second. */
const POD = { slots: 8, seconds: 0.1, maxQueue: 64, startTime: 30 };
const scaled = (share, rule = {}) => ({ target: POD.slots * share, min: 10, max: 1_000, ...rule });
const fixed = (pods) => ({ target: POD.slots, min: pods, max: pods });

const FLEETS = [
  ['always 500 pods', { rule: fixed(500) }],
  ['always 1,000 pods', { rule: fixed(1_000) }],
  ['in flight, 70 % of the slots', { rule: scaled(0.7) }],
  ['in flight, 50 % of the slots', { rule: scaled(0.5) }],
  ['in flight, 70 %, start in 180 s', { rule: scaled(0.7), pod: { ...POD, startTime: 180 } }],
  ['in flight, 70 %, `maxQueue` 400', { rule: scaled(0.7), pod: { ...POD, maxQueue: 400 } }],
  ['what waits, 4 a pod', { rule: scaled(0.5), metric: 'waiting' }],
];

const SCENARIOS = [
  ['A day', { load: day, from: 0, until: 24 * HOUR }],
  ['An hour with a burst', { load: burst, from: 11.75 * HOUR, until: 12.75 * HOUR }],
];

for (const [title, scenario] of SCENARIOS) {
  console.log(`\n${title}\n`);
  console.log('| fleet | pod hours | most pods | used | wait, p99 | p99.9 | refused | for |');
  console.log('| --- | --- | --- | --- | --- | --- | --- | --- |');
  for (const [name, fleet] of FLEETS) {
    const result = simulate({ pod: POD, ...scenario, ...fleet });
    const { podHours, most, utilisation, p99, p999, refused, refusing, arrived } = result;
    const cells = [
      name,
      Math.round(podHours).toLocaleString('en'),
      most.toLocaleString('en'),
      percent(utilisation),
      ...[p99, p999].map((wait) => `${wait.toFixed(2)} s`),
      percent(refused / arrived),
      `${refusing.toLocaleString('en')} s`,
    ];
    console.log(`| ${cells.join(' | ')} |`);
  }
}

function percent(share) {
  return `${(100 * share).toFixed(share < 0.1 ? 2 : 0)} %`;
}
