export { clusterLink, type ClusterLink } from './cluster-link.js';
export { serve } from './serve.js';
export type { DocsOptions } from './docs.js';
export type { ServeOptions } from './serve-options.js';
