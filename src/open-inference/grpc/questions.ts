import { NotImplementedException } from '@nestjs/common';
import { configOf } from '../model-config.js';
import type { Models } from '../models.js';

/** What a client asks of the server or of a model. */
interface Asked {
  readonly name?: string;
  readonly version?: string;
  readonly ready?: boolean;
}

/** What is answered, in the names of the protocol; the message checks it. */
type Answer = (models: Models, asked: Asked) => object;

/** The methods that are answered from what is known of the models, by name. */
export const QUESTIONS: Readonly<Record<string, Answer>> = {
  ServerLive: () => ({ live: true }),
  ServerReady: (models) => ({ ready: models.isReady }),
  ModelReady: (models, { name = '', version }) => ({ ready: models.isModelReady(name, version) }),
  ServerMetadata: (models) => models.serverMetadata(),
  ModelMetadata: (models, { name = '', version }) => models.modelMetadata(name, version),
  ModelConfig: (models, { name = '', version }) => ({
    config: configOf(models.modelMetadata(name, version)),
  }),
  ModelStatistics: (models, { name, version }) => models.statistics(name, version),
  RepositoryIndex: (models, { ready = false }) => ({ models: models.index(ready) }),
  RepositoryModelLoad: refuse,
  RepositoryModelUnload: refuse,
};

function refuse(): never {
  throw new NotImplementedException('Models are loaded and unloaded with the app');
}
