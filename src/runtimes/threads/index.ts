export { ThreadedModel, type ThreadedRunOptions } from './threaded-model.js';
export type { ThreadedModelOptions } from './threaded-model-options.js';
