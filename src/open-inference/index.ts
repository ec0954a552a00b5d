export type { OpenInferenceModuleOptions } from './open-inference-options.js';
export { OpenInferenceModule } from './open-inference.module.js';
