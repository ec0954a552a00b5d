import { mkdirSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { met } from './row.mjs';

const RESULTS = new URL('../results/', import.meta.url);

/** The rows as a Markdown table, so that the README can show them as they are. */
export function table(rows) {
  const head = ['case', 'what', 'measured', 'spread', 'to reach', '', 'note'];
  const lines = rows.map((row) => [
    row.case,
    row.what,
    row.value === null ? 'not measured' : format(row.value, row.unit),
    row.spread ? row.spread.map((value) => format(value, row.unit)).join(' – ') : '',
    target(row),
    { true: 'met', false: 'MISSED' }[met(row)] ?? '',
    row.note ?? '',
  ]);
  const widths = head.map((title, column) =>
    Math.max(title.length, ...lines.map((line) => line[column].length)),
  );
  const print = (cells) => `| ${cells.map((cell, i) => cell.padEnd(widths[i])).join(' | ')} |`;
  const rule = widths.map((width) => '-'.repeat(width));
  return [print(head), print(rule), ...lines.map(print)].join('\n');
}

function target({ target: goal, unit }) {
  if (!goal) return 'reported';
  if (goal.atLeast !== undefined) return `>= ${format(goal.atLeast, unit)}`;
  if (goal.atMost !== undefined) return `<= ${format(goal.atMost, unit)}`;
  return `< ${format(goal.below, unit)}`;
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
