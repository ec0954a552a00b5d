import { describe, expect, test } from 'vitest';
import { crdsMissing, ManifestCheck } from './closed-schemas.js';
import {
  builtManifests,
  kubectlMissing,
  OVERLAYS,
  readDocument,
  writtenManifests,
  type Document,
  type Manifest,
} from './documents.js';

const check = new ManifestCheck();
const written = writtenManifests().filter(({ kind }) => kind !== 'Kustomization');
const isCore = ({ document }: Manifest) => !/keda|kserve|coreos/.test(String(document.apiVersion));
const byName = ({ from, kind, name }: Manifest) => `${from}: ${kind} ${name}`;

/** A copy with one more property at a path, as a typo leaves it. */
function withTypo(manifest: Manifest, path: string): Manifest {
  const document = structuredClone(manifest.document);
  const keys = path.split('/');
  const last = keys.pop()!;
  const target = keys.reduce<Document>((value, key) => value[key] as Document, document);
  target[last] = {};
  return { ...manifest, document };
}

const find = (kind: string) => written.find((manifest) => manifest.kind === kind)!;

describe('manifests as they are written', () => {
  test.each(written.filter(isCore).map((manifest) => [byName(manifest), manifest] as const))(
    '%s',
    (_, manifest) => expect(check.mistakes(manifest)).toEqual([]),
  );

  test.each([
    ['Deployment', 'spec/template/spec/containers/0/readinesProbe'],
    ['Deployment', 'spec/template/spec/containers/0/readinessProbe/httpGet/prot'],
    ['Deployment', 'spec/template/spec/topologySpreadConstraint'],
    ['Deployment', 'metadata/label'],
    ['Service', 'spec/ports/0/targetport'],
    ['NetworkPolicy', 'spec/ingress/0/form'],
    ['PodDisruptionBudget', 'spec/maxUnavailabe'],
    ['StatefulSet', 'spec/volumeClaimTemplates/0/spec/accessMode'],
  ])('a typo in a %s is found: %s', (kind, path) => {
    expect(check.mistakes(withTypo(find(kind), path)).join()).toContain(
      'must NOT have additional properties',
    );
  });

  test('a wrong type is found', () => {
    const deployment = structuredClone(find('Deployment'));
    deployment.document.spec.template.spec.containers[0].ports[0].containerPort = '8000';
    expect(check.mistakes(deployment).join()).toContain('containerPort: must be integer');
  });
});

describe.skipIf(crdsMissing)(`custom resources ${crdsMissing || ''}`, () => {
  test.each(
    written
      .filter((manifest) => !isCore(manifest))
      .map((manifest) => [byName(manifest), manifest] as const),
  )('%s', (_, manifest) => expect(check.mistakes(manifest)).toEqual([]));

  test.each([
    ['ScaledObject', 'spec/minReplicasCount'],
    ['ScaledObject', 'spec/triggers/0/metaData'],
    ['PodMonitor', 'spec/podMetricsEndpoints/0/pathh'],
    ['PrometheusRule', 'spec/groups/0/rules/0/runbook'],
    ['ServingRuntime', 'spec/containers/0/readinesProbe'],
    ['InferenceService', 'spec/predictor/model/storageURL'],
  ])('a typo in a %s is found: %s', (kind, path) => {
    expect(check.mistakes(withTypo(find(kind), path)).join()).toContain(
      'must NOT have additional properties',
    );
  });
});

describe.skipIf(kubectlMissing).each(OVERLAYS)(`overlay %s ${kubectlMissing || ''}`, (overlay) => {
  const built = kubectlMissing ? [] : builtManifests(overlay);

  test('is as Kubernetes wants it', () => {
    const known = built.filter((manifest) => check.knows(manifest));
    expect(known.flatMap((manifest) => check.mistakes(manifest))).toEqual([]);
    if (!crdsMissing) expect(known).toHaveLength(built.length);
  });

  test('says its image and namespace in one place', () => {
    const { namespace, images } = readDocument(`kubernetes/${overlay}/kustomization.yaml`);
    expect({ namespace, images }).toMatchObject({
      namespace: 'default',
      images: [{ name: 'model' }],
    });
  });

  test('leaves no image without a registry but those of others', () => {
    const images = JSON.stringify(built).match(/"image":"[^"]+"/g) ?? [];
    expect([...new Set(images)].filter((image) => !image.includes('redis'))).toEqual([
      '"image":"registry.example.com/model:1.0.0"',
    ]);
  });

  test('selects its own pods, and no others', () => {
    const pods = built.filter(({ document }) => document.spec?.template?.metadata);
    const selecting = built.filter(({ kind }) =>
      ['Service', 'PodDisruptionBudget', 'NetworkPolicy', 'PodMonitor'].includes(kind),
    );
    const labelsOf = ({ document: { spec } }: Manifest) =>
      (spec.podSelector?.matchLabels ?? spec.selector?.matchLabels ?? spec.selector) as Record<
        string,
        string
      >;
    for (const manifest of selecting) {
      const wanted = Object.entries(labelsOf(manifest));
      const selected = pods.filter(({ document }) =>
        wanted.every(([key, value]) => document.spec.template.metadata.labels[key] === value),
      );
      const isWide = ['NetworkPolicy', 'PodMonitor'].includes(manifest.kind);
      const expected = pods
        .map(({ name }) => name)
        .filter((name) => name === manifest.name || (isWide && name === `${manifest.name}-worker`));
      expect([byName(manifest), selected.map(({ name }) => name)]).toEqual([
        byName(manifest),
        expected,
      ]);
    }
  });
});
