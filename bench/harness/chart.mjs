/** Cases whose servers all do the same work, so that their rates may stand side by side. */
const SAME_WORK = new Set(['1', '2', '3']);

const OWN = 'nestjs-model-serving';
const ROW = 26;
const BAR = 16;
const LABELS = 330;
const BARS = 400;
const WIDTH = LABELS + BARS + 90;
const TOP = 44;

/**
 * A bar chart of the best rate of every server in one run. Its greys and its blue keep their contrast
 * on light and on dark pages; the background is the page's own.
 *
 * @param {import('./row.mjs').Row[]} rows
 * @returns {string} SVG
 */
export function chart(rows) {
  const bars = bestRates(rows);
  const top = bars[0]?.rate ?? 1;
  const height = TOP + bars.length * ROW + 8;
  const lines = bars.map(({ label, rate, own }, index) => {
    const y = TOP + index * ROW;
    const width = Math.max(1, (rate / top) * BARS);
    const middle = y + BAR / 2 + 4;
    return [
      `  <text class="${own ? 'own' : 'peer'}" x="${LABELS - 10}" y="${middle}" text-anchor="end">${escape(label)}</text>`,
      `  <rect class="${own ? 'own' : 'peer'}" x="${LABELS}" y="${y}" width="${width.toFixed(1)}" height="${BAR}" rx="2"/>`,
      `  <text class="peer" x="${(LABELS + width + 8).toFixed(1)}" y="${middle}">${thousands(rate)}</text>`,
    ].join('\n');
  });
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}" role="img" aria-label="Requests a second by server">
  <style>
    text { font: 13px system-ui, sans-serif; }
    text.peer { fill: #7d838b; }
    text.own { fill: #3f86cf; font-weight: 600; }
    rect.peer { fill: #9aa0a8; }
    rect.own { fill: #3f86cf; }
  </style>
  <text class="peer" x="${LABELS}" y="22">Requests a second, one process on one core, best round</text>
${lines.join('\n')}
</svg>
`;
}

function bestRates(rows) {
  const best = new Map();
  for (const { case: id, raw } of rows) {
    if (!SAME_WORK.has(id)) continue;
    for (const { server, path, best: rate } of raw?.sides ?? []) {
      const label = path === '/cached' ? `${server}, cache hit` : server;
      if (rate > (best.get(label) ?? 0)) best.set(label, rate);
    }
  }
  return [...best]
    .map(([label, rate]) => ({ label, rate, own: label.startsWith(OWN) }))
    .sort((a, b) => b.rate - a.rate);
}

const thousands = (rate) => `${(rate / 1_000).toFixed(1)} k`;

const escape = (text) => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
