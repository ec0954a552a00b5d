export { classify as default } from './answer.js';
