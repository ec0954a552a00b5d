import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { onTestFinished } from 'vitest';
import { stringify } from 'yaml';
import { freePort } from '../redis-server.js';
import { DEPLOY, type Document } from './documents.js';

/** Why tests that need a Prometheus are skipped, or `false`. */
export const prometheusMissing: string | false =
  spawnSync('prometheus', ['--version']).error === undefined
    ? false
    : 'prometheus is not installed';

/** One sample of an answer. */
export interface Result {
  readonly metric: Readonly<Record<string, string>>;
  readonly value: readonly [number, string];
}

/** A Prometheus with the alerts of deploy/, which scrapes and evaluates every second. */
export class PrometheusServer {
  readonly #url: string;

  private constructor(port: number) {
    this.#url = `http://127.0.0.1:${port}`;
  }

  /** Starts one that scrapes as `job` says; it ends with the test. */
  static async start(job: Document): Promise<PrometheusServer> {
    const folder = mkdtempSync(`${tmpdir()}/prometheus-`);
    cpSync(`${DEPLOY}/prometheus/alerts.yaml`, `${folder}/alerts.yaml`);
    const config = {
      global: { scrape_interval: '1s', scrape_timeout: '1s', evaluation_interval: '1s' },
      rule_files: ['alerts.yaml'],
      scrape_configs: [job],
    };
    writeFileSync(`${folder}/prometheus.yaml`, stringify(config));
    const port = await freePort();
    const server = spawn(
      'prometheus',
      [
        '--enable-feature=exemplar-storage',
        `--config.file=${folder}/prometheus.yaml`,
        `--storage.tsdb.path=${folder}/data`,
        `--web.listen-address=127.0.0.1:${port}`,
      ],
      { stdio: 'ignore' },
    );
    const ended = once(server, 'exit');
    onTestFinished(async () => {
      server.kill('SIGKILL');
      await ended;
      rmSync(folder, { recursive: true });
    });
    return new PrometheusServer(port);
  }

  /** What a query gives now; nothing while the server is starting. */
  async query(query: string): Promise<readonly Result[]> {
    const body = (await this.#get('query', { query })) as { result: Result[] } | undefined;
    return body?.result ?? [];
  }

  /** The labels of the exemplars of series. */
  async exemplars(query: string): Promise<readonly Readonly<Record<string, string>>[]> {
    const series = ((await this.#get('query_exemplars', { query })) ?? []) as Document[];
    return series.flatMap(({ exemplars }) => (exemplars as Document[]).map(({ labels }) => labels));
  }

  /** The rules as the server has them, with the error of their last evaluation. */
  async rules(): Promise<readonly Document[]> {
    const body = (await this.#get('rules', {})) as { groups: Document[] } | undefined;
    return (body?.groups ?? []).flatMap(({ rules }) => rules as Document[]);
  }

  async #get(path: string, query: Record<string, string>): Promise<unknown> {
    const url = `${this.#url}/api/v1/${path}?${String(new URLSearchParams(query))}`;
    const response = await fetch(url).catch(() => undefined);
    if (response === undefined || response.status === 503) return undefined;
    const { status, data, error } = (await response.json()) as Document;
    if (status !== 'success') throw new Error(`${query.query}: ${String(error)}`);
    return data;
  }
}
