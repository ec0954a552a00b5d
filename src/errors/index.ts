export { ConfigurationError } from './configuration-error.js';
export { InvalidRequest } from './invalid-request.js';
export {
  FAILURES,
  ServingError,
  type FailureName,
  type Outcome,
  type ServingErrorOptions,
  type Violation,
} from './serving-error.js';
