export { OpenApiModule } from './open-api.module.js';
