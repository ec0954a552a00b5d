export { logStack, logText } from './log-text.js';
export { RefusalLog, type Refusal } from './refusal-log.js';
export { StructuredLogger, type LineLevel } from './structured-logger.js';
