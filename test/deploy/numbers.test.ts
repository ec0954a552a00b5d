import { describe, expect, test } from 'vitest';
import { fillServeOptions } from '../../src/serve/serve-options.js';
import { fillEndpointOptions } from '../../src/endpoint/filled-options.js';
import {
  builtManifests,
  kubectlMissing,
  OVERLAYS,
  readDocument,
  type Document,
} from './documents.js';

interface Pod {
  readonly where: string;
  readonly spec: Document;
  readonly app: Document;
}

const environmentOf = (container: Document): Record<string, string> =>
  Object.fromEntries(
    ((container.env ?? []) as Document[]).map(({ name, value }) => [name, value] as const),
  );

/** Containers of ours; KServe's runtime says how one runs, its service for how long it may end. */
function podsOf(overlay: string): Pod[] {
  const built = builtManifests(overlay);
  const service = built.find(({ kind }) => kind === 'InferenceService');
  return built
    .filter(({ kind }) => kind === 'Deployment' || kind === 'ServingRuntime')
    .map(({ kind, name, document: { spec } }) => {
      const pod = (kind === 'Deployment' ? spec.template.spec : spec) as Document;
      const lifetime = kind === 'Deployment' ? pod : service!.document.spec.predictor;
      return { where: `${overlay} ${name}`, spec: { ...pod, ...lifetime }, app: pod.containers[0] };
    });
}

const scaledObjectsOf = (overlay: string) =>
  builtManifests(overlay).filter(({ kind }) => kind === 'ScaledObject');

const seconds = (milliseconds: number) => milliseconds / 1_000;
const bytes = (quantity: string) => {
  const [, count, unit] = /^(\d+)(Mi|Gi)$/.exec(quantity)!;
  return Number(count) * 1024 ** (unit === 'Gi' ? 3 : 2);
};

/** 70 % of what a pod can have in hand. */
const busy = (calls: number) => String(Math.floor(0.7 * calls));

describe.skipIf(kubectlMissing)(`numbers of manifests ${kubectlMissing || ''}`, () => {
  const pods = kubectlMissing ? [] : OVERLAYS.flatMap(podsOf);
  const scaled = kubectlMissing ? [] : OVERLAYS.flatMap(scaledObjectsOf);

  test.each(pods)('$where gets the time that its drain takes', ({ spec, app }) => {
    const { drainDelay, shutdownTimeout } = fillServeOptions({}, environmentOf(app));
    expect(spec.terminationGracePeriodSeconds).toBeGreaterThanOrEqual(
      seconds(drainDelay + shutdownTimeout) + 5,
    );
    // Two delays would add up.
    expect(app.lifecycle).toBeUndefined();
  });

  test.each(pods)('$where is served until nobody is sent there any more', ({ where, app }) => {
    const { drainDelay } = fillServeOptions({}, environmentOf(app));
    const { periodSeconds, failureThreshold = 3 } = app.readinessProbe as Record<string, number>;
    // Nobody sends requests to what only runs jobs.
    const isCalled = !where.endsWith('worker');
    if (isCalled) expect(seconds(drainDelay)).toBeGreaterThan(periodSeconds! * failureThreshold!);
    else expect(drainDelay).toBe(0);
  });

  test.each(pods)('$where runs without rights', ({ spec, app }) => {
    const security = { ...spec.securityContext, ...app.securityContext } as Document;
    expect(security).toMatchObject({
      runAsNonRoot: true,
      runAsUser: 1000,
      readOnlyRootFilesystem: true,
      allowPrivilegeEscalation: false,
      capabilities: { drop: ['ALL'] },
      seccompProfile: { type: 'RuntimeDefault' },
    });
  });

  test.each(pods)('$where is told of before its memory is used up', ({ app }) => {
    const [group] = readDocument('prometheus/alerts.yaml').groups as Document[];
    const rule = (group!.rules as Document[]).find(({ alert }) => alert === 'ModelServingMemory');
    const [, share, gibibytes] = /> ([\d.]+) \* ([\d.]+)?/.exec(String(rule!.expr))!;
    expect([share, gibibytes]).toEqual(['0.9', '1024']);
    expect(bytes(app.resources.limits.memory as string)).toBe(1024 ** 3);
  });

  test('Redis has the room that it takes to write its file anew', () => {
    const { document } = builtManifests('jobs').find(({ kind }) => kind === 'StatefulSet')!;
    const [redis] = document.spec.template.spec.containers as [Document];
    const [, megabytes] = /--maxmemory,(\d+)mb/.exec(String(redis.args))!;
    const limit = bytes(redis.resources.limits.memory as string);
    expect(Number(megabytes) * 1024 ** 2).toBeLessThanOrEqual(limit / 2);
  });

  test('pods are added as fast as docs/scaling.md simulates it: by the defaults', () => {
    for (const { document } of scaled) {
      const { behavior } = document.spec.advanced.horizontalPodAutoscalerConfig as Document;
      expect(Object.keys(behavior as object)).toEqual(['scaleDown']);
    }
    expect(scaled).toHaveLength(4);
  });

  test('no pods are taken away where nobody knows how many are needed', () => {
    for (const { document } of scaled) {
      const { fallback, minReplicaCount, triggers } = document.spec as Document;
      for (const { metadata } of triggers as Document[])
        expect(metadata.ignoreNullValues).toBe('false');
      // None at all leaves the number alone.
      if (fallback === undefined) continue;
      expect(fallback.behavior).toBe('currentReplicasIfHigher');
      expect(fallback.replicas).toBeGreaterThan(minReplicaCount as number);
    }
  });

  test('pods are added before they are full', () => {
    const thresholdOf = (overlay: string) => {
      const scaled = builtManifests(overlay).find(
        ({ kind, name }) => kind === 'ScaledObject' && name === 'model',
      );
      return scaled!.document.spec.triggers[0].metadata.threshold as string;
    };
    const { maxConcurrency } = fillEndpointOptions('Model', 'model', {}, {});
    expect(thresholdOf('http')).toBe(busy(maxConcurrency));
    expect(thresholdOf('jobs')).toBe(busy(maxConcurrency));
    const batched = fillEndpointOptions('Model', 'model', { batch: { maxSize: 64 } }, {});
    const inHand = batched.maxConcurrency * batched.batch!.maxSize;
    expect(thresholdOf('onnx')).toBe(busy(inHand));
    const service = builtManifests('kserve').find(({ kind }) => kind === 'InferenceService')!;
    const [metric] = service.document.spec.predictor.autoScaling.metrics as Document[];
    expect(metric!.external.target.averageValue).toBe(busy(inHand));
  });
});
