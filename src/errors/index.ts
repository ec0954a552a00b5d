export { ConfigurationError } from './configuration-error.js';
export { InvalidRequest, invalidRequest } from './invalid-request.js';
export { adviceOnMissing } from './missing-file.js';
export {
  FAILURES,
  ServingError,
  type FailureName,
  type Outcome,
  type ServingErrorOptions,
} from './serving-error.js';
export { MAX_VIOLATIONS, summaryOf, type Violation } from './violation.js';
export { disregard, inspectThrown, isError, messageOfThrown, tamed } from './thrown.js';
