import { Ajv, type AnySchemaObject, type ValidateFunction } from 'ajv';
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname } from 'node:path';
import { ROOT } from '../docs/pages.js';
import { readYaml, type Document, type Manifest } from './documents.js';

const require = createRequire(import.meta.url);

/** Where the custom resource definitions of KServe, KEDA and the Prometheus operator are. */
const CRDS = process.env.CRDS ?? `${ROOT}../shared/crds`;

/** Why custom resources are not checked here, or `false`. */
export const crdsMissing: string | false = existsSync(CRDS)
  ? false
  : 'no custom resource definitions: CRDS names no folder of them';

/** Of kubernetes-models, by kind. */
const KINDS: Readonly<Record<string, string>> = {
  Deployment: 'io.k8s.api.apps.v1.Deployment',
  StatefulSet: 'io.k8s.api.apps.v1.StatefulSet',
  Service: 'io.k8s.api.core.v1.Service',
  PodDisruptionBudget: 'io.k8s.api.policy.v1.PodDisruptionBudget',
  NetworkPolicy: 'io.k8s.api.networking.v1.NetworkPolicy',
};

/** A schema under which an object has no properties but those it names: a typo is an error. */
function closed(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(closed);
  if (typeof schema !== 'object' || schema === null) return schema;
  const copy: AnySchemaObject = Object.fromEntries(
    Object.entries(schema).map(([key, value]) => [key, closed(value)]),
  );
  const isOpen =
    typeof copy.properties !== 'object' ||
    'additionalProperties' in copy ||
    copy['x-kubernetes-preserve-unknown-fields'] === true;
  return isOpen ? copy : { ...copy, additionalProperties: false };
}

/** Go's expressions, which say in themselves that case does not matter. */
const goRegExp = Object.assign(
  (pattern: string, flags: string) =>
    pattern.includes('(?i)')
      ? new RegExp(pattern.replace('(?i)', ''), `${flags}i`)
      : new RegExp(pattern, flags),
  { code: 'new RegExp' },
);

/** Formats and `x-kubernetes-…` of Kubernetes say nothing of names and types. */
const newAjv = () =>
  new Ajv({
    strict: false,
    validateFormats: false,
    allErrors: true,
    code: { regExp: goRegExp },
  });

/** The schemas of Kubernetes itself: each registers itself, and what it refers to. */
function kubernetesSchemas(): Ajv {
  const ajv = newAjv();
  const registry = require('@kubernetes-models/validate') as {
    register(id: string, schema: AnySchemaObject): void;
  };
  registry.register = (id, schema) => {
    if (ajv.getSchema(id) === undefined) ajv.addSchema(closed(schema) as AnySchemaObject, id);
  };
  const folder = `${dirname(require.resolve('kubernetes-models'))}/_schemas`;
  for (const id of Object.values(KINDS)) {
    const file = id.replace(/(^|\.)(\w)/g, (_, __, letter: string) => letter.toUpperCase());
    (require(`${folder}/${file}.js`) as { addSchema(): void }).addSchema();
  }
  return ajv;
}

/** By `kind version`. */
function customSchemas(): Map<string, ValidateFunction> {
  const validators = new Map<string, ValidateFunction>();
  const files = crdsMissing ? [] : readdirSync(CRDS);
  for (const file of files) {
    for (const { spec } of readYaml(readFileSync(`${CRDS}/${file}`, 'utf8'))) {
      const { group, names, versions } = spec as Document;
      for (const { name, schema } of versions as Document[]) {
        const { openAPIV3Schema } = schema as { openAPIV3Schema: AnySchemaObject };
        // The definitions leave it to the server to know what metadata holds.
        const metadata = { type: 'object' };
        const whole = {
          ...openAPIV3Schema,
          properties: { ...openAPIV3Schema.properties, metadata },
        };
        const validate = newAjv().compile(closed(whole) as AnySchemaObject);
        validators.set(`${(names as Document).kind} ${group}/${name}`, validate);
      }
    }
  }
  return validators;
}

/** What is wrong with manifests, one line a mistake. */
export class ManifestCheck {
  readonly #kubernetes = kubernetesSchemas();
  readonly #custom = customSchemas();

  /** Whether there is a schema for it. */
  knows({ kind, document }: Manifest): boolean {
    return kind in KINDS || this.#custom.has(`${kind} ${document.apiVersion}`);
  }

  mistakes({ kind, name, document }: Manifest): string[] {
    const validate =
      kind in KINDS
        ? this.#kubernetes.getSchema(KINDS[kind]!)
        : this.#custom.get(`${kind} ${document.apiVersion}`);
    if (validate === undefined) return [`${kind} ${document.apiVersion}: no schema`];
    validate(document);
    return (validate.errors ?? []).map(
      ({ instancePath, message, params }) =>
        `${kind} ${name}${instancePath}: ${message} ${JSON.stringify(params)}`,
    );
  }
}
