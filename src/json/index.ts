export { integerOf } from './decimal.js';
export { checkFreeValue } from './free-value.js';
export { JsonText } from './json-text.js';
export { cut, pathText, quote, type Path } from './path.js';
export { HARMLESS_KEY, reachesPrototype } from './prototype-key.js';
