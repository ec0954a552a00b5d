/**
 * Draws docs/dashboard.svg: the queries of the dashboard, asked of a real Prometheus that has watched an
 * app under load. `npm run compile && node bench/dashboard.mjs` takes two minutes.
 */
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { draw } from './dashboard/draw.mjs';
import { freePort } from './harness/server.mjs';

const SECONDS = 90;
const root = (path) => fileURLToPath(new URL(`../${path}`, import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'dashboard-'));
const [port, prometheusPort] = [await freePort(), await freePort()];
const prometheusUrl = `http://127.0.0.1:${prometheusPort}/api/v1`;

writeFileSync(
  join(folder, 'prometheus.yaml'),
  JSON.stringify({
    global: { scrape_interval: '1s' },
    scrape_configs: [
      {
        job_name: 'model',
        metrics_path: '/__metrics',
        static_configs: [{ targets: [`127.0.0.1:${port}`] }],
      },
    ],
  }),
);
const quiet = { stdio: ['ignore', 'ignore', 'inherit'] };
const app = spawn(process.execPath, [root('bench/dashboard/app.mjs')], {
  stdio: 'ignore',
  env: { ...process.env, PORT: String(port) },
});
const prometheus = spawn(
  'prometheus',
  [
    `--config.file=${folder}/prometheus.yaml`,
    `--storage.tsdb.path=${folder}/data`,
    `--web.listen-address=127.0.0.1:${prometheusPort}`,
    '--log.level=error',
  ],
  quiet,
);

try {
  await answering(`http://127.0.0.1:${port}/__ready`);
  await answering(`http://127.0.0.1:${prometheusPort}/-/ready`);
  const start = Date.now() / 1_000;
  await load();
  writeFileSync(root('docs/dashboard.svg'), draw(await panels(start + 5, Date.now() / 1_000)));
} finally {
  app.kill('SIGKILL');
  prometheus.kill('SIGKILL');
  await setTimeout(200);
  rmSync(folder, { recursive: true });
}

async function answering(url) {
  for (let tries = 0; tries < 200; tries++) {
    if ((await fetch(url).catch(() => undefined))?.ok) return;
    await setTimeout(100);
  }
  throw new Error(`${url} does not answer`);
}

/** Whether or not answers come: from 50 to 350 calls a second and back, and a burst in the middle. */
async function load() {
  const pending = new Set();
  const send = (path, body) => {
    const call = fetch(`http://127.0.0.1:${port}${path}`, { method: 'POST', body })
      .then((answer) => answer.arrayBuffer())
      .catch(() => undefined)
      .finally(() => pending.delete(call));
    pending.add(call);
  };
  for (let tick = 0; tick < SECONDS * 20; tick++) {
    const time = tick / 20;
    const isBurst = time > 55 && time < 65;
    const rate = 50 + 300 * Math.sin((Math.PI * time) / SECONDS) ** 2 + (isBurst ? 1_200 : 0);
    for (let k = 0; k < rate / 20; k++) {
      const key = Math.floor(Math.random() * 20_000);
      send('/classify', Math.random() < 0.02 ? 'not JSON' : JSON.stringify({ key }));
    }
    if (tick % 4 === 0) send('/story', '{}');
    await setTimeout(50);
  }
  await Promise.all(pending);
}

/** What the panels that draw lines show, with the names that they give to series. */
async function panels(start, end) {
  const dashboard = JSON.parse(
    readFileSync(root('deploy/grafana/dashboards/model-serving.json'), 'utf8'),
  );
  const drawn = [];
  for (const { type, title, fieldConfig, targets } of dashboard.panels) {
    if (type !== 'timeseries') continue;
    const series = [];
    for (const { expr, legendFormat } of targets) {
      const query = expr.replaceAll('$__rate_interval', '5s').replaceAll('$endpoint', '.*');
      const range = new URLSearchParams({ query, start, end, step: 1 });
      const answer = await fetch(`${prometheusUrl}/query_range?${range}`);
      const { data } = await answer.json();
      for (const { metric, values } of data.result) {
        const name = legendFormat.replace(/\{\{(\w+)\}\}/g, (_, label) => metric[label] ?? '');
        const points = values.map(([time, value]) => [time, Number(value)]);
        // What never happened has a line at the bottom, and a name in the way of others.
        if (points.every(([, value]) => !(value > 0))) continue;
        series.push({
          name: name.replace(`127.0.0.1:${port}`, 'app').trim(),
          points: points.filter(([, value]) => Number.isFinite(value)),
        });
      }
    }
    if (series.length > 0) drawn.push({ title, unit: fieldConfig.defaults.unit, series });
  }
  return drawn;
}
