export { answerValue } from './answer-value.js';
export { bytesOf, viewedBytes } from './bytes.js';
export { jsonForm, jsonList } from './json-form.js';
export { cut, pathText, quote, type Path } from './path.js';
export { holdsItself, reasonOf } from './unsayable.js';
