const COLUMNS = 3;
const WIDTH = 320;
const HEIGHT = 170;
const PLOT = { x: 12, y: 34, width: WIDTH - 24, height: 96 };
const COLOURS = ['#3f86cf', '#d08a2e', '#3fa66a', '#c2566b', '#8a6fc4', '#5b9aa0'];
const LEGEND = 4;

/**
 * Panels side by side, as Grafana would draw them, with colours that keep their contrast on light and
 * on dark pages; the background is the page's own.
 *
 * @param {{ title: string, unit: string, series: { name: string, points: [number, number][] }[] }[]} panels
 * @returns {string} SVG
 */
export function draw(panels) {
  const rows = Math.ceil(panels.length / COLUMNS);
  const drawn = panels.map((panel, index) => {
    const x = (index % COLUMNS) * WIDTH;
    const y = Math.floor(index / COLUMNS) * HEIGHT;
    return `  <g transform="translate(${x} ${y})">\n${drawPanel(panel)}\n  </g>`;
  });
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${COLUMNS * WIDTH} ${rows * HEIGHT}" role="img" aria-label="The dashboard's panels under a load that rises, bursts and falls">
  <style>
    text { font: 11px system-ui, sans-serif; fill: #7d838b; }
    text.title { font-size: 13px; font-weight: 600; }
    polyline { fill: none; stroke-width: 1.5; }
    path { stroke: #9aa0a8; stroke-width: 0.5; }
  </style>
${drawn.join('\n')}
</svg>
`;
}

function drawPanel({ title, unit, series }) {
  const points = series.flatMap((one) => one.points);
  const most = Math.max(...points.map(([, value]) => value)) || 1;
  const times = points.map(([time]) => time);
  const first = Math.min(...times);
  const span = Math.max(...times) - first || 1;
  const at = ([time, value]) => {
    const x = PLOT.x + ((time - first) / span) * PLOT.width;
    const y = PLOT.y + PLOT.height * (1 - value / most);
    return `${x.toFixed(1)},${y.toFixed(1)}`;
  };
  const { x, y, width, height } = PLOT;
  const lines = series.map(
    (one, k) => `    <polyline stroke="${colour(k)}" points="${one.points.map(at).join(' ')}"/>`,
  );
  const names = series.slice(0, LEGEND).map(({ name }, k) => {
    const place = x + (k * width) / Math.min(LEGEND, series.length);
    return `    <text x="${place.toFixed(0)}" y="${y + height + 18}" style="fill: ${colour(k)}">${escape(name)}</text>`;
  });
  return [
    `    <text class="title" x="${x}" y="16">${escape(title)}</text>`,
    `    <text x="${x}" y="${y - 5}">${scaled(most, unit)}</text>`,
    `    <path d="M${x} ${y + height}h${width}M${x} ${y}h${width}"/>`,
    ...lines,
    ...names,
  ].join('\n');
}

const colour = (k) => COLOURS[k % COLOURS.length];

function scaled(value, unit) {
  if (unit === 's')
    return value < 1 ? `${(value * 1_000).toPrecision(3)} ms` : `${value.toPrecision(3)} s`;
  if (unit === 'bytes') return `${Math.round(value / 1024 ** 2)} MiB`;
  if (unit === 'percentunit') return `${Math.round(value * 100)} %`;
  const suffix = unit === 'reqps' || unit === 'ops' ? ' a second' : '';
  return `${value < 10 ? value.toPrecision(2) : Math.round(value)}${suffix}`;
}

const escape = (text) => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
