export { logStack, logText } from './log-text.js';
export { RefusalLog, type Refusal } from './refusal-log.js';
export { StructuredLogger } from './structured-logger.js';
