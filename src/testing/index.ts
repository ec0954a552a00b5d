export { predictContext, type PredictContextOptions } from './predict-context.js';
