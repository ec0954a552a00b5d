import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createKeyv } from '@keyv/redis';
import { Keyv } from 'keyv';
import { KeyvFile } from 'keyv-file';

const namespace = 'language-detection';

/** The store that `CACHE` names: `file` (default) or `redis`. */
export function cacheStore(env: NodeJS.ProcessEnv): Keyv {
  const kind = env.CACHE || 'file';
  switch (kind) {
    case 'file':
      return fileStore(env.CACHE_FILE || join(tmpdir(), `${namespace}.json`));
    case 'redis':
      return redisStore(env.REDIS_URL || 'redis://127.0.0.1:6379');
    default:
      throw new Error(`CACHE: expected "file" or "redis", got ${JSON.stringify(kind)}`);
  }
}

function fileStore(filename: string): Keyv {
  return new Keyv({ store: new KeyvFile({ filename }), namespace });
}

function redisStore(url: string): Keyv {
  // Without a connection a command fails at once instead of waiting for one: a miss, not a delay.
  return createKeyv({ url, disableOfflineQueue: true }, { namespace });
}
