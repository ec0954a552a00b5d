import { mkdirSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { met } from './row.mjs';

const RESULTS = new URL('../results/', import.meta.url);

/** The rows as a Markdown table, so that a page can show them as they are. */
export function table(rows) {
  const head = ['case', 'what', 'against', 'CPU time', 'rate, or as named', 'to reach', '', 'note'];
  const lines = rows.map((row) => [
    row.case,
    row.what,
    row.against ?? '',
    print(row.cpu),
    row.cpu || row.figure ? print(row.figure) : 'not measured',
    targets(row),
    { true: 'PASS', false: 'missed' }[met(row)] ?? '',
    row.note ?? '',
  ]);
  const widths = head.map((title, column) =>
    Math.max(title.length, ...lines.map((line) => line[column].length)),
  );
  const join = (cells) => `| ${cells.map((cell, i) => cell.padEnd(widths[i])).join(' | ')} |`;
  const rule = widths.map((width) => '-'.repeat(width));
  return [join(head), join(rule), ...lines.map(join)].join('\n');
}

/** What the figures stand on, in one line below the table. */
export function caption({ machine, settings, minutes, load }) {
  return (
    `${machine.cpu}, ${machine.cores} cores, Node ${machine.node.slice(1)}. Medians of ` +
    `${settings.rounds} interleaved rounds, smallest and largest in brackets; ` +
    `${settings.requests.toLocaleString('en')} requests a round where a server is loaded to the full. ` +
    `Load average ${load.before.toFixed(1)} before the run; it took ${minutes} minutes.`
  );
}

function print(figure) {
  if (!figure) return '';
  const { value, unit, range } = figure;
  if (!range) return format(value, unit);
  return `${format(value, unit)} (${range.map((one) => format(one, unit)).join(' – ')})`;
}

function targets({ cpu, figure }) {
  if (!cpu?.target && !figure?.target) return '';
  if (!cpu) return bound(figure);
  const bounds = [cpu.target && `CPU ${bound(cpu)}`, figure?.target && bound(figure)];
  return bounds.filter(Boolean).join(', ');
}

function bound({ target: { atLeast, atMost, below }, unit }) {
  if (atLeast !== undefined) return `>= ${format(atLeast, unit)}`;
  if (atMost !== undefined) return `<= ${format(atMost, unit)}`;
  return `< ${format(below, unit)}`;
}

function format(value, unit) {
  const digits = Math.abs(value) >= 100 ? 0 : Math.abs(value) >= 10 ? 1 : 2;
  const text = value.toFixed(digits);
  return unit === 'x' ? `${text}x` : unit === '%' ? `${text}%` : `${text} ${unit}`;
}

/** Writes a file into bench/results and gives its path. */
export function save(name, text) {
  mkdirSync(RESULTS, { recursive: true });
  const file = fileURLToPath(new URL(name, RESULTS));
  writeFileSync(file, text);
  return file;
}
