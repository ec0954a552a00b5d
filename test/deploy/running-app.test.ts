import { describe, expect, onTestFinished, test } from 'vitest';
import { freePort, redisMissing, startRedis } from '../redis-server.js';
import { FixtureProcess } from '../serve/fixture-process.js';
import { Scrape } from '../metrics/scrape.js';
import { builtManifests, kubectlMissing, type Document, type Manifest } from './documents.js';

interface Deployed {
  readonly where: string;
  readonly container: Document;
  /** Scraped by the PodMonitor, or as annotations of KServe's runtime say. */
  readonly metrics: { readonly port: number; readonly path: string };
}

/** Why apps cannot be started here as they are deployed, or `false`. */
const missing = kubectlMissing || redisMissing;

/** The number of a port that a manifest may name. */
function portOf({ ports }: Document, port: string | number): number {
  const named = (ports as Document[]).find(({ name }) => name === port);
  return Number(named?.containerPort ?? port);
}

function deployedBy(overlay: string): Deployed[] {
  const built = builtManifests(overlay);
  const specOf = (kind: string, manifests: readonly Manifest[] = built) =>
    manifests.find((manifest) => manifest.kind === kind)?.document.spec as Document | undefined;
  const monitored = (container: Document) => {
    const [scraped] = specOf('PodMonitor')!.podMetricsEndpoints as Document[];
    return { port: portOf(container, scraped!.port as string), path: scraped!.path as string };
  };
  return built.flatMap(({ kind, name, document: { spec } }): Deployed[] => {
    const where = `${overlay} ${name}`;
    if (kind === 'Deployment') {
      const [container] = spec.template.spec.containers as Document[];
      return [{ where, container: container!, metrics: monitored(container!) }];
    }
    if (kind !== 'ServingRuntime') return [];
    const port = Number(spec.annotations['prometheus.kserve.io/port']);
    const path = spec.annotations['prometheus.kserve.io/path'] as string;
    return [{ where, container: spec.containers[0], metrics: { port, path } }];
  });
}

/** As the container's env says, but for its port: several may run here at a time. */
async function start(container: Document): Promise<{ app: FixtureProcess; port: number }> {
  const env = (container.env as Document[]).map(({ name, value }) => [name, value] as const);
  const port = await freePort();
  const own: Record<string, string> = { PORT: String(port), DRAIN_DELAY_MS: '0' };
  if (env.some(([name]) => name === 'REDIS_URL')) {
    const redis = await startRedis();
    onTestFinished(() => redis.stop());
    own.REDIS_URL = redis.url;
  }
  // KServe puts the service's name there.
  const given = Object.fromEntries(
    env.map(([name, value]) => [name, (value as string).replace('{{.Name}}', 'iris')]),
  );
  const app = new FixtureProcess('../../deploy/fixtures/deployed', { ...given, ...own });
  return { app, port: await app.port() };
}

const DEPLOYED = missing ? [] : ['http', 'onnx', 'jobs', 'kserve'].flatMap(deployedBy);

describe.skipIf(missing)(`apps as deployed ${missing || ''}`, () => {
  test.each(DEPLOYED)('$where: every port, path and probe is there', async (deployed) => {
    const { container, metrics } = deployed;
    const env = container.env as Document[];
    const own = Number(env.find(({ name }) => name === 'PORT')!.value);
    // What the app listens on is what the manifest says, under every name.
    expect(
      (container.ports as Document[]).map(({ containerPort }) => containerPort as number),
    ).toEqual([own]);
    const { app, port } = await start(container);
    for (const probe of ['startupProbe', 'readinessProbe', 'livenessProbe']) {
      const { path, port: asked } = container[probe].httpGet as { path: string; port: string };
      expect([probe, portOf(container, asked)]).toEqual([probe, own]);
      const answer = await fetch(`http://127.0.0.1:${port}${path}`);
      expect([probe, answer.status]).toEqual([probe, 200]);
    }
    expect(metrics.port).toBe(own);
    const scraped = await fetch(`http://127.0.0.1:${port}${metrics.path}`);
    expect(new Scrape(await scraped.text()).sum('model_serving_ready')).toBe(1);
    // Nothing in the environment is for nobody: the level of the log shows, and that it is JSON.
    expect(app.output).toMatch(/"message":"Serving on/);

    app.kill('SIGTERM');
    expect(await app.exited).toEqual({ code: 0, signal: null });
  });

  test('KServe finds the model by the name of its service', async () => {
    const { container } = DEPLOYED.find(({ where }) => where.startsWith('kserve'))!;
    const { port } = await start(container);
    const model = `http://127.0.0.1:${port}/v2/models/iris`;
    expect((await fetch(`${model}/ready`)).status).toBe(200);
    const inputs = [
      { name: 'request', datatype: 'BYTES', shape: [1], data: ['{"text":"two words"}'] },
    ];
    const answer = await fetch(`${model}/infer`, {
      method: 'POST',
      body: JSON.stringify({ inputs }),
    });
    expect(await answer.json()).toMatchObject({ outputs: [{ data: ['{"words":2}'] }] });
  });

  test('the services lead to a port that pods have', () => {
    for (const overlay of ['http', 'onnx', 'jobs']) {
      const built = builtManifests(overlay);
      for (const { name, document } of built.filter(({ kind }) => kind === 'Service')) {
        const pod = built.find(
          (manifest) =>
            manifest.name === name && ['Deployment', 'StatefulSet'].includes(manifest.kind),
        );
        const [container] = pod!.document.spec.template.spec.containers as Document[];
        for (const { targetPort } of document.spec.ports as Document[])
          expect(portOf(container!, targetPort as string)).toBeGreaterThan(0);
      }
    }
  });
});
