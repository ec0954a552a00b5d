import type { CacheResult } from '../metrics/index.js';

/** How the cache served a call, as its client is told by `x-cache`. A store that fails is a miss to it. */
export const X_CACHE: Record<CacheResult, string> = {
  hit: 'HIT',
  miss: 'MISS',
  error: 'MISS',
  coalesced: 'COALESCED',
  bypass: 'BYPASS',
};
