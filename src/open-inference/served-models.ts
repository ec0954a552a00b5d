import { NotFoundException } from '@nestjs/common';
import type { Call } from '../endpoint/call.js';
import type { Endpoint } from '../endpoint/endpoint.js';
import { ConfigurationError, ServingError } from '../errors/index.js';
import type { Gate, Passage } from '../gate/gate.js';
import type { ContextType, Visit } from '../gate/visit.js';
import type { Readiness } from '../lifecycle/readiness.js';
import { VERSION } from '../version.js';
import type { ModelMetadata, Models } from './models.js';
import { Model } from './model.js';
import { RequestParts } from './request-parts.js';
import { statisticsOf } from './statistics.js';
import type { InferenceRequest, InferenceResponse } from './tensors/index.js';

/** What the server can do beyond the protocol itself, in Triton's words. */
const EXTENSIONS = [
  'binary_tensor_data',
  'parameters',
  'schedule_policy(timeout)',
  'statistics',
  'model_repository',
  'model_configuration',
];

export interface ModelsSurroundings {
  readonly gate: Gate;
  readonly readiness: Readiness;
  readonly serverName: string;
}

/** The endpoints of an app as the models of one server. */
export class ServedModels implements Models {
  readonly #models: readonly Model[];
  readonly #byEndpoint: ReadonlyMap<Endpoint, Model>;
  /** The versions of each name, from the oldest to the newest. */
  readonly #byName: ReadonlyMap<string, readonly Model[]>;
  readonly #surroundings: ModelsSurroundings;
  readonly #passages = { http: new Map<Endpoint, Passage>(), rpc: new Map<Endpoint, Passage>() };

  /** @throws {ConfigurationError} for two models of one name and version, and for tensors that do not fit */
  constructor(endpoints: readonly Endpoint[], surroundings: ModelsSurroundings) {
    // The answers of a stream are more than one a row.
    const offered = endpoints.filter(({ options }) => !options.stream);
    const only = offered.length === 1 ? process.env['MODEL_NAME'] || undefined : undefined;
    this.#models = offered.map((endpoint) => new Model(endpoint, only ?? endpoint.options.name));
    refuseTwins(this.#models);
    this.#byEndpoint = new Map(this.#models.map((model) => [model.endpoint, model]));
    this.#byName = versionsByName(this.#models);
    this.#surroundings = surroundings;
  }

  get endpoints(): readonly Endpoint[] {
    return this.#models.map(({ endpoint }) => endpoint);
  }

  get names(): readonly string[] {
    return [...this.#byName.keys()];
  }

  get isReady(): boolean {
    return this.#surroundings.readiness.ready;
  }

  isModelReady(name: string, version?: string): boolean {
    return this.#surroundings.readiness.readyFor(this.find(name, version));
  }

  serverMetadata() {
    const { serverName: name } = this.#surroundings;
    return { name, version: VERSION, extensions: EXTENSIONS };
  }

  modelMetadata(name: string, version?: string): ModelMetadata {
    const { inputs, outputs, platform } = this.model(name, version);
    const bare = ({ tensors }: Model['inputs'] | Model['outputs']) =>
      tensors.map(({ name: tensor, datatype, shape }) => ({ name: tensor, datatype, shape }));
    return {
      name,
      versions: this.#versionsOf(name).flatMap((model) => model.version ?? []),
      platform,
      inputs: bare(inputs),
      outputs: bare(outputs),
    };
  }

  /** Of all versions of a model, or of all models, where the one or the other is left open. */
  statistics(name?: string, version?: string): object {
    if (name) this.find(name, version);
    const models = this.#models.filter(
      (model) => (!name || model.name === name) && (!version || model.version === version),
    );
    return {
      model_stats: models.map((model) => ({
        name: model.name,
        version: model.version ?? '',
        ...statisticsOf(model.endpoint),
      })),
    };
  }

  /** @param ready whether only those that are ready are wanted */
  index(ready: boolean): readonly object[] {
    const { readiness } = this.#surroundings;
    return this.#models
      .map(({ name, version, endpoint }) => {
        const isReady = readiness.readyFor(endpoint);
        const reason = isReady ? '' : endpoint.stalled ? 'stalled' : 'not ready';
        return {
          name,
          version: version ?? '',
          state: isReady ? 'READY' : 'UNAVAILABLE',
          reason,
        };
      })
      .filter(({ state }) => !ready || state === 'READY');
  }

  find(name: string, version?: string): Endpoint {
    return this.model(name, version).endpoint;
  }

  of(endpoint: Endpoint): Model {
    return this.#byEndpoint.get(endpoint)!;
  }

  /**
   * A model by name, its newest version where none is asked for.
   *
   * @throws {NotFoundException}
   */
  model(name: string, version?: string): Model {
    const versions = this.#versionsOf(name);
    const found = version
      ? versions.find((model) => model.version === version)
      : versions[versions.length - 1];
    if (found !== undefined) return found;
    const of = versions.length > 0 ? ` of version ${shown(version!)}` : '';
    throw new NotFoundException(`There is no model ${shown(name)}${of}`);
  }

  /**
   * Takes a request the way of every call.
   *
   * @param type how guards and interceptors see it
   */
  async infer(
    call: Call,
    request: InferenceRequest,
    visit: Visit,
    type: ContextType = 'rpc',
  ): Promise<InferenceResponse> {
    const { endpoint } = call;
    if (!this.#surroundings.readiness.accepting) {
      throw new ServingError('Unavailable', 'The server does not take requests now', {
        retryAfter: 1,
      });
    }
    const parts = new RequestParts(call, this.of(endpoint), request);
    call.parts = parts;
    call.outlet = parts;
    call.takesValue = true;
    try {
      await this.#passage(endpoint, type)(call, visit);
      return parts.response();
    } catch (error) {
      throw parts.placed(error);
    }
  }

  #passage(endpoint: Endpoint, type: ContextType): Passage {
    const passages = this.#passages[type];
    let passage = passages.get(endpoint);
    if (passage === undefined) {
      passage = this.#surroundings.gate.passage(endpoint, type, { inParts: true });
      passages.set(endpoint, passage);
    }
    return passage;
  }

  #versionsOf(name: string): readonly Model[] {
    return this.#byName.get(name) ?? [];
  }
}

/** From the oldest to the newest: by the numbers in their versions, else as they are declared. */
function versionsByName(models: readonly Model[]): ReadonlyMap<string, readonly Model[]> {
  const byName = new Map<string, Model[]>();
  for (const model of models) byName.set(model.name, [...(byName.get(model.name) ?? []), model]);
  for (const versions of byName.values()) {
    versions.sort((one, other) =>
      NUMBERS.compare(numbersOf(one.version), numbersOf(other.version)),
    );
  }
  return byName;
}

const NUMBERS = new Intl.Collator('en', { numeric: true });

/** The numbers in a version, such as `1.10.0` or `v10`; empty where there are none. */
function numbersOf(version = ''): string {
  return version.match(/\d+/g)?.join('.') ?? '';
}

function refuseTwins(models: readonly Model[]): void {
  const seen = new Map<string, Model>();
  for (const model of models) {
    const { name, version, endpoint } = model;
    const key = JSON.stringify([name, version]);
    const twin = seen.get(key);
    if (twin !== undefined) {
      throw new ConfigurationError(
        `${endpoint.owner}: expected a name and a version of its own, got those of ${twin.endpoint.owner}: ${name}${version === undefined ? '' : `, ${version}`}`,
      );
    }
    seen.set(key, model);
  }
}

function shown(text: string): string {
  return JSON.stringify(text.length > 60 ? `${text.slice(0, 60)}…` : text);
}
