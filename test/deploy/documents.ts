import { spawnSync } from 'node:child_process';
import { readFileSync, readdirSync } from 'node:fs';
import { parseAllDocuments } from 'yaml';
import { ROOT } from '../docs/pages.js';

export const DEPLOY = `${ROOT}deploy`;

/** A document of YAML, as deep as tests care to look. */
export type Document = Record<string, any>;

/** A manifest of Kubernetes, with the file it comes from, or the overlay that it was built of. */
export interface Manifest {
  readonly from: string;
  readonly kind: string;
  readonly name: string;
  readonly document: Document;
}

export const OVERLAYS = ['http', 'onnx', 'jobs', 'kserve'] as const;

/** @throws Error for what is not YAML, or says a key twice. */
export function readYaml(text: string): Document[] {
  return parseAllDocuments(text, { merge: true }).map((document) => {
    if (document.errors.length > 0) throw document.errors[0]!;
    return document.toJS() as Document;
  });
}

export function readDocument(path: string): Document {
  const [document] = readYaml(readFileSync(`${DEPLOY}/${path}`, 'utf8'));
  return document!;
}

function manifestsOf(from: string, text: string): Manifest[] {
  return readYaml(text).map((document) => {
    const { kind, metadata } = document as { kind: string; metadata?: { name: string } };
    return { from, kind, name: metadata?.name ?? '', document };
  });
}

/** Every file below kubernetes/, as it is written. */
export function writtenManifests(): Manifest[] {
  const folder = `${DEPLOY}/kubernetes`;
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' });
  return files
    .filter((file) => file.endsWith('.yaml'))
    .flatMap((file) => manifestsOf(file, readFileSync(`${folder}/${file}`, 'utf8')));
}

/** Why overlays cannot be built here, or `false`. */
export const kubectlMissing: string | false = findKubectl();

function findKubectl(): string | false {
  const { stdout, status } = spawnSync('kubectl', ['version', '--client', '-o', 'json']);
  if (status !== 0) return 'kubectl is not installed';
  // Before 1.25 it did not say which kustomize it has, and had one that knows no `labels`.
  return String(stdout).includes('kustomizeVersion') ? false : 'kubectl is too old';
}

const built = new Map<string, readonly Manifest[]>();

/** What `kubectl apply -k` would send. */
export function builtManifests(overlay: string): readonly Manifest[] {
  const known = built.get(overlay);
  if (known !== undefined) return known;
  const { status, stdout, stderr } = spawnSync(
    'kubectl',
    ['kustomize', `${DEPLOY}/kubernetes/${overlay}`],
    { encoding: 'utf8' },
  );
  if (status !== 0) throw new Error(stderr);
  const manifests = manifestsOf(overlay, stdout);
  built.set(overlay, manifests);
  return manifests;
}
