export { answerValue } from './answer-value.js';
export { bytesOf, viewedBytes } from './bytes.js';
export { checkFreeValue } from './free-value.js';
export { jsonForm, jsonList } from './json-form.js';
export { JsonText } from './json-text.js';
export { cut, pathText, quote, type Path } from './path.js';
export { HARMLESS_KEY, reachesPrototype } from './prototype-key.js';
export { holdsItself, reasonOf } from './unsayable.js';
