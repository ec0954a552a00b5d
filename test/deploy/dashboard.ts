import { readFileSync } from 'node:fs';
import { DEPLOY, type Document } from './documents.js';

export const DASHBOARD = JSON.parse(
  readFileSync(`${DEPLOY}/grafana/dashboards/model-serving.json`, 'utf8'),
) as Document;

/** A query of a panel, with Grafana's variables filled in for a Prometheus that scrapes quickly. */
export interface PanelQuery {
  readonly panel: string;
  readonly query: string;
}

export const QUERIES: readonly PanelQuery[] = (DASHBOARD.panels as Document[]).flatMap(
  ({ title, targets = [] }) =>
    (targets as Document[]).map(({ expr }) => ({
      panel: title as string,
      query: (expr as string).replaceAll('$__rate_interval', '1h').replaceAll('$endpoint', '.*'),
    })),
);

/** What only an app with jobs exports. */
export const isOfJobs = (query: string): boolean => query.includes('model_serving_job');
